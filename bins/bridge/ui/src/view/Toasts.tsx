import { dismiss, useStore } from "../store/store";
import { Icon } from "./Icon";

export function Toasts() {
  const toasts = useStore((state) => state.toasts);
  return (
    <div className="toasts" role="region" aria-label="Notices" aria-live="polite">
      {toasts.map((each) => (
        <div key={each.id} className={`toast toast-${each.tone}`}>
          <div><p>{each.text}</p>{each.hint && <code>{each.hint}</code>}</div>
          <button type="button" className="button icon-only" aria-label="Dismiss" onClick={() => dismiss(each.id)}><Icon name="close" /></button>
        </div>
      ))}
    </div>
  );
}
