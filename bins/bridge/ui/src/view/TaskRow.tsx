import { memo } from "react";
import type { Task } from "../model/entity";
import { isReady, progress } from "../model/describe";
import { openTask, useStore } from "../store/store";
import { Time } from "./Time";

export const TaskRow = memo(function TaskRow({ task }: { task: Task }) {
  const { completed, total } = progress(task);
  const ready = useStore((state) => isReady(task, state.feed.tasks));
  const waits = task.status === "pending" && !ready && (task.dependsOn?.length ?? 0) > 0;
  const holder = task.claim?.actor ?? task.assignment?.session;
  return (
    <li>
      <button type="button" className="row" onClick={() => openTask(task.id)} data-task={task.id}>
        <span className="id">{task.id}</span>
        <span className="row-main">
          <span className="row-title">{task.title}</span>
          {task.status === "blocked" && task.blockedReason && <span className="row-note">{task.blockedReason}</span>}
        </span>
        <span className="row-facts">
          {task.labels?.slice(0, 3).map((label) => <span key={label} className="label">{label}</span>)}
          {(task.labels?.length ?? 0) > 3 && <span className="label">+{(task.labels?.length ?? 0) - 3}</span>}
          {task.priority !== "medium" && <span className={`priority priority-${task.priority}`}>{task.priority}</span>}
          {waits && <span className="fact" title={`Depends on ${task.dependsOn?.join(", ")}`}>waits</span>}
          {total > 0 && (
            <span className="fact steps" title={`${completed} of ${total} steps done`}>
              <progress value={completed} max={total} aria-label="Steps done" />{completed}/{total}
            </span>
          )}
          {holder && <span className="holder" title={task.claim ? `Held by ${holder}` : `Given to ${holder}`}>{holder}</span>}
          <Time at={task.updatedAt} />
        </span>
      </button>
    </li>
  );
});
