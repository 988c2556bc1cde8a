import { openDialog } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";
import { LinkState, OutboxButton } from "./LinkState";
import { ProjectSwitch } from "./ProjectSwitch";
import { labelOf } from "./views";

const command = navigator.platform.startsWith("Mac") ? "⌘" : "Ctrl";

export function TopBar() {
  const view = useStore((state) => state.route.view);
  const project = useStore((state) => state.feed.project);
  return (
    <header className="topbar">
      <h1>{labelOf(view)}</h1>
      <div className="topbar-phone"><ProjectSwitch /><LinkState /><OutboxButton /></div>
      <span className="spring" />
      <button type="button" className="jump" onClick={() => openDialog({ kind: "palette" })}>
        <Icon name="search" /><span>Search or command</span><kbd aria-hidden="true">{command} K</kbd>
      </button>
      <button type="button" className="button" disabled={!project} onClick={() => openDialog({ kind: "launch", role: "orchestrator" })}><Icon name="launch" /><span>Launch</span></button>
      <button type="button" className="button primary" disabled={!project} onClick={() => openDialog({ kind: "new_task" })}><Icon name="plus" /><span>New task</span></button>
    </header>
  );
}
