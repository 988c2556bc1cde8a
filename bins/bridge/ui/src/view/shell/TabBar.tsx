import { useMemo } from "react";
import { needs } from "../../model/derive";
import { openDialog, openView } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";
import { LABELS } from "./views";

/** The views on a phone, where thumbs are. */
export function TabBar() {
  const view = useStore((state) => state.route.view);
  const tasks = useStore((state) => state.feed.tasks);
  const sessions = useStore((state) => state.feed.sessions);
  const waiting = useMemo(() => needs(tasks, sessions).length, [tasks, sessions]);
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
