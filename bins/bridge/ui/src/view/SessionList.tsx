import { useMemo, useState } from "react";
import { isLiving, type Session } from "../model/entity";
import { sessionNote, statusLabel } from "../model/describe";
import { openTask, useStore } from "../store/store";
import { Icon } from "./Icon";
import { Time } from "./Time";

const RANK: Record<string, number> = { needs_input: 0, active: 1, starting: 2, requested: 3 };

export function SessionList() {
  const sessions = useStore((state) => state.feed.sessions);
  const loaded = useStore((state) => state.feed.seq !== null);
  const [ended, setEnded] = useState(false);
  const [living, past] = useMemo(() => {
    const all = [...sessions.values()];
    return [
      all.filter((each) => isLiving(each.status)).sort((a, b) => (RANK[a.status] ?? 9) - (RANK[b.status] ?? 9) || a.id.localeCompare(b.id, "en", { numeric: true })),
      all.filter((each) => !isLiving(each.status)).sort((a, b) => b.updatedAt.localeCompare(a.updatedAt)),
    ];
  }, [sessions]);
  return (
    <section className="pane pane-sessions" aria-labelledby="sessions-title">
      <div className="pane-head"><h2 id="sessions-title">Agents</h2><span className="count">{living.length} running</span></div>
      {loaded && sessions.size === 0 && (
        <div className="empty"><p>Nobody works here yet. Start a worker on a task:</p><pre><code>maestro session spawn --task t1</code></pre></div>
      )}
      {loaded && sessions.size > 0 && living.length === 0 && <div className="empty"><p>No agent runs right now.</p></div>}
      <ul className="sessions">{living.map((each) => <SessionCard key={each.id} session={each} />)}</ul>
      {past.length > 0 && (
        <>
          <button type="button" className="button quiet" aria-expanded={ended} onClick={() => setEnded(!ended)}>
            <Icon name="chevron" />{past.length} ended
          </button>
          {ended && <ul className="sessions">{past.slice(0, 50).map((each) => <SessionCard key={each.id} session={each} />)}</ul>}
        </>
      )}
    </section>
  );
}

function SessionCard({ session }: { session: Session }) {
  const note = sessionNote(session);
  return (
    <li className={`session tone-${session.status}`} data-session={session.id}>
      <div className="session-head">
        <Icon name={session.status} />
        <span className="session-name">{session.name}</span>
        <Time at={session.updatedAt} />
      </div>
      <div className="session-facts">
        <span className="session-status">{statusLabel(session.status)}</span>
        <span className="id">{session.id}</span><span>{session.agent}</span>
        {session.role !== "worker" && <span>{session.role}</span>}
        {session.node && <span>{session.node}</span>}
        {session.tasks?.map((task) => <button key={task} type="button" className="ref" onClick={() => openTask(task)}>{task}</button>)}
      </div>
      {note && <p className="session-note">{note}</p>}
    </li>
  );
}
