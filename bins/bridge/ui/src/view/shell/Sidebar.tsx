import { useMemo } from "react";
import { isLiving } from "../../model/entity";
import { useNeeds } from "../../store/derived";
import { openDialog, openView } from "../../store/navigate";
import { formatRoute, type View } from "../../store/route";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";
import { LinkState, OutboxButton } from "./LinkState";
import { ProjectSwitch } from "./ProjectSwitch";
import { LABELS } from "./views";

export function Sidebar() {
  const view = useStore((state) => state.route.view);
  const project = useStore((state) => state.feed.project);
  const user = useStore((state) => state.user);
  const waiting = useNeeds().length;
  const sessions = useStore((state) => state.feed.sessions);
  const counts = useMemo(() => {
    const living = [...sessions.values()].filter((each) => isLiving(each.status)).length;
    return { control: waiting, sessions: living } as Partial<Record<View, number>>;
  }, [waiting, sessions]);
  return (
    <aside className="sidebar" aria-label="Maestro">
      <div className="brand"><img src="/icon.svg" alt="" width="22" height="22" /><span>Maestro</span></div>
      <ProjectSwitch />
      <nav aria-label="Views">
        <ul>
          {LABELS.map(({ view: each, label, key }) => (
            <li key={each}>
              <a
                href={formatRoute({ project, view: each, task: null, session: null })} aria-current={view === each ? "page" : undefined}
                onClick={(event) => { if (event.metaKey || event.ctrlKey || event.shiftKey) return; event.preventDefault(); openView(each); }}
              >
                <Icon name={each} /><span>{label}</span>
                {counts[each] ? <span className={`badge ${each === "control" ? "badge-need" : ""}`} title={each === "control" ? "Waiting for you" : "Running"}>{counts[each]}</span>
                  : <kbd aria-hidden="true">g {key}</kbd>}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <span className="spring" />
      <OutboxButton />
      <div className="sidebar-foot">
        <LinkState />
        <span className="spring" />
        {user && <span className="user" title={`You act as ${user}`}>{user}</span>}
        <button type="button" className="button icon-only" aria-label="Settings" onClick={() => openDialog({ kind: "settings" })}><Icon name="settings" /></button>
      </div>
    </aside>
  );
}
