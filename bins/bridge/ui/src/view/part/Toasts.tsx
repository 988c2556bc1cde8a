import * as Radix from "@radix-ui/react-toast";
import { useStore } from "../../store/state";
import { dismiss } from "../../store/toast";
import { Icon } from "./Icon";

const SHORT = 5000;
const LONG = 12_000;

export function Toasts() {
  const toasts = useStore((state) => state.toasts);
  return (
    <Radix.Provider swipeDirection="right" label="Notice">
      {toasts.map(({ id, tone, text, hint, action }) => (
        <Radix.Root
          key={id} className={`toast toast-${tone}`} duration={tone === "error" ? LONG : SHORT}
          type={tone === "error" ? "foreground" : "background"} onOpenChange={(open) => { if (!open) dismiss(id); }}
        >
          <div className="toast-text">
            <Radix.Title>{text}</Radix.Title>
            {hint && <Radix.Description><code>{hint}</code></Radix.Description>}
          </div>
          {action && <Radix.Action className="button small" altText={action.label} onClick={action.run}>{action.label}</Radix.Action>}
          <Radix.Close className="button icon-only" aria-label="Dismiss"><Icon name="close" /></Radix.Close>
        </Radix.Root>
      ))}
      <Radix.Viewport className="toasts" label="Notices ({hotkey})" />
    </Radix.Provider>
  );
}
