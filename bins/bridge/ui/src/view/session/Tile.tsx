import { lazy, Suspense } from "react";
import { currentStep } from "../../model/derive";
import { sessionNote, statusLabel } from "../../model/describe";
import { hasTerminal, type Session, type Task } from "../../model/entity";
import { openSession } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";
import { TaskRef } from "../part/Ref";
import { Time } from "../part/Time";

const Snapshot = lazy(() => import("./Snapshot"));

export function Tile({ session, tasks }: { session: Session; tasks: readonly Task[] }) {
  const terminals = useStore((state) => state.terminals);
  const note = sessionNote(session);
  const step = tasks[0] && currentStep(tasks[0]);
  const refs = tasks.length ? tasks.map((task) => task.id) : (session.tasks ?? []);
  return (
    <li className={`tile tone-${session.status}`} data-session={session.id}>
      <button type="button" className="tile-head" onClick={() => openSession(session.id)}>
        <Icon name={session.status} /><span className="tile-name">{session.name}</span><span className="id">{session.id}</span>
        <span className="spring" /><span className="tile-status">{statusLabel(session.status)}</span><Icon name="expand" />
      </button>
      {terminals && hasTerminal(session) && (
        <div className="tile-screen" onClick={() => openSession(session.id)}>
          <Suspense fallback={null}><Snapshot session={session.id} epoch={session.epoch} /></Suspense>
        </div>
      )}
      <div className="tile-facts">
        <span>{session.agent}</span>{session.role !== "worker" && <span>{session.role}</span>}{session.node && <span>{session.node}</span>}
        {session.restarts > 0 && <span title="Restarts">↻ {session.restarts}</span>}
        {refs.map((id) => <TaskRef key={id} id={id} />)}
        {step && <span className="worker-step"><Icon name="chevron" />{step.title}</span>}
        <span className="spring" /><Time at={session.updatedAt} />
      </div>
      {note && <p className="tile-note">{note}</p>}
    </li>
  );
}
