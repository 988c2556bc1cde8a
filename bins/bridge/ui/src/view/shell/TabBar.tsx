import { useNeeds } from "../../store/derived";
import { openDialog, openView } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";
import { LABELS } from "./views";

/** The views on a phone, where thumbs are. */
export function TabBar() {
  const view = useStore((state) => state.route.view);
  const waiting = useNeeds().length;
  return (
    <nav className="tabbar" aria-label="Views">
      {LABELS.map(({ view: each, short }) => (
        <button key={each} type="button" aria-current={view === each ? "page" : undefined} onClick={() => openView(each)}>
          <Icon name={each} /><span>{short}</span>
          {each === "control" && waiting > 0 && <span className="badge badge-need">{waiting}</span>}
        </button>
      ))}
      <button type="button" onClick={() => openDialog({ kind: "settings" })}><Icon name="settings" /><span>Settings</span></button>
    </nav>
  );
}
