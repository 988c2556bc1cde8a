import { currentStep, progress, type Worker } from "../../model/derive";
import { sessionNote, statusLabel } from "../../model/describe";
import { openDialog, openSession } from "../../store/navigate";
import { Icon } from "../part/Icon";
import { TaskRef } from "../part/Ref";
import { Steps } from "../part/Status";
import { Time } from "../part/Time";

/** Who runs now, and which step of which task each is at. */
export function Workers({ workers }: { workers: readonly Worker[] }) {
  return (
    <section className="panel" aria-labelledby="workers-title">
      <div className="panel-head"><h2 id="workers-title">Agents at work</h2><span className="count">{workers.length || ""}</span></div>
      {!workers.length && (
        <div className="empty-line">
          <p>No agent runs now. An orchestrator breaks work into tasks and starts workers by itself.</p>
          <button type="button" className="button small" onClick={() => openDialog({ kind: "launch", role: "orchestrator" })}><Icon name="launch" />Launch an orchestrator</button>
        </div>
      )}
      <ul className="workers">
        {workers.map(({ session, tasks }) => {
          const note = sessionNote(session);
          return (
            <li key={session.id} className={`worker tone-${session.status}`} data-session={session.id}>
              <Icon name={session.status} label={statusLabel(session.status)} />
              <div className="worker-main">
                <div className="worker-line">
                  <button type="button" className="worker-name" onClick={() => openSession(session.id)}>{session.name}</button>
                  <span className="id">{session.id}</span>
                  <span className="faint">{session.agent}{session.role === "worker" ? "" : ` · ${session.role}`}</span>
                  {session.status !== "active" && <span className="worker-status">{statusLabel(session.status)}</span>}
                  <span className="spring" /><Time at={session.updatedAt} />
                </div>
                {tasks.map((task) => {
                  const step = currentStep(task);
                  return (
                    <div key={task.id} className="worker-task">
                      <TaskRef id={task.id} titled />
                      {step && <span className="worker-step" title="The step it is at"><Icon name="chevron" />{step.title}</span>}
                      <span className="spring" /><Steps {...progress(task)} />
                    </div>
                  );
                })}
                {note && <p className="worker-note">{note}</p>}
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
