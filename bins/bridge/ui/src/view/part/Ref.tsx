import { statusLabel } from "../../model/describe";
import { openSession, openTask } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Icon } from "./Icon";

/** A task by its id, with what it is on hover. */
export function TaskRef({ id, titled = false }: { id: string; titled?: boolean }) {
  const title = useStore((state) => state.feed.tasks.get(id)?.title);
  const status = useStore((state) => state.feed.tasks.get(id)?.status);
  return (
    <button type="button" className={`ref ${status ? `tone-${status}` : ""}`} title={title} onClick={() => openTask(id)}>
      {status && <Icon name={status} label={statusLabel(status)} />}<span className="ref-id">{id}</span>{titled && title && <span className="ref-title">{title}</span>}
    </button>
  );
}

/** A session that can be opened, or a person. */
export function Who({ actor }: { actor: string }) {
  const session = useStore((state) => state.feed.sessions.get(actor));
  if (!session) return <span className="who">{actor}</span>;
  return <button type="button" className={`who who-session tone-${session.status}`} title={`${session.name}: ${statusLabel(session.status)}`} onClick={(event) => { event.stopPropagation(); openSession(actor); }}>{actor}</button>;
}
