import { useDraggable } from "@dnd-kit/core";
import { memo } from "react";
import { openDependencies, progress } from "../../model/derive";
import type { Task } from "../../model/entity";
import { openTask } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";
import { PriorityMark } from "../part/Status";
import { Time } from "../part/Time";

export const Card = memo(function Card({ task, overlay = false }: { task: Task; overlay?: boolean }) {
  const { setNodeRef, attributes, listeners, isDragging } = useDraggable({ id: task.id, disabled: overlay });
  const pending = useStore((state) => state.outbox.some((entry) => entry.data["task"] === task.id && entry.state !== "failed"));
  const waits = useStore((state) => (task.status === "pending" ? openDependencies(task, state.feed.tasks).length : 0));
  const { completed, total } = progress(task);
  const labels = task.labels ?? [];
  const holder = task.claim?.actor ?? task.assignment?.session;
  const { onKeyDown, ...others } = listeners ?? {};
  return (
    <div
      ref={setNodeRef} {...attributes} {...others} role="button" aria-roledescription="task card"
      className={`card tone-${task.status} ${isDragging ? "dragging" : ""} ${overlay ? "overlay" : ""} ${pending ? "pending" : ""}`} data-task={task.id}
      onClick={() => openTask(task.id)}
      onKeyDown={(event) => {
        if (event.key === "Enter" && !isDragging) openTask(task.id);
        else onKeyDown?.(event);
      }}
    >
      <p className="card-title">{task.title}</p>
      {task.status === "blocked" && <p className="card-reason"><Icon name="blocked" />{task.blockedReason}</p>}
      <div className="card-facts">
        <PriorityMark priority={task.priority} />
        <span className="id">{task.id}</span>
        {labels[0] && <span className="label" title={labels.join(", ")}>{labels[0]}{labels.length > 1 ? ` +${labels.length - 1}` : ""}</span>}
        {waits > 0 && <span className="faint waits" title={`Waits for ${task.dependsOn?.join(", ")}`}><Icon name="link" />{waits}</span>}
        <span className="spring" />
        {total > 0 && <span className="steps" title={`${completed} of ${total} steps done`}>{completed}/{total}</span>}
        {pending && <span className="faint">sending…</span>}
        {holder && <span className="who" title={task.claim ? `Held by ${holder}` : `Given to ${holder}`}>{holder}</span>}
        {!holder && !total && !waits && <Time at={task.updatedAt} />}
      </div>
      {total > 0 && <progress className="card-progress" value={completed} max={total} aria-label="Steps done" />}
    </div>
  );
});
