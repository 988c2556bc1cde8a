import { openDependencies, progress } from "../../model/derive";
import { statusLabel } from "../../model/describe";
import { openTask } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";
import { PriorityMark, Steps } from "../part/Status";
import { Time } from "../part/Time";
import type { Row } from "./rows";

interface Common {
  tabIndex: number;
  onFocus(): void;
}

type Of<K extends Row["kind"]> = Extract<Row, { kind: K }>;

export function GroupRow({ row, onToggle, ...common }: Common & { row: Of<"group">; onToggle(): void }) {
  return (
    <div role="treeitem" aria-level={1} aria-expanded={row.open} data-key={row.key} className={`group-row tone-${row.status}`} {...common} onClick={onToggle}>
      <Icon name="chevron" /><Icon name={row.status} /><strong>{statusLabel(row.status)}</strong><span className="count">{row.count}</span>
    </div>
  );
}

export function TaskRow({ row: { task, open, key }, onToggle, ...common }: Common & { row: Of<"task">; onToggle(): void }) {
  const waits = useStore((state) => (task.status === "pending" ? openDependencies(task, state.feed.tasks).length : 0));
  const holder = task.claim?.actor ?? task.assignment?.session;
  const steps = progress(task);
  return (
    <div
      role="treeitem" aria-level={2} aria-expanded={steps.total ? open : undefined} data-key={key} data-task={task.id}
      className={`row tone-${task.status}`} {...common} onClick={() => openTask(task.id)}
    >
      {steps.total > 0
        ? <span className="fold" aria-hidden="true" onClick={(event) => { event.stopPropagation(); onToggle(); }}><Icon name="chevron" /></span>
        : <span className="fold" />}
      <PriorityMark priority={task.priority} />
      <span className="id">{task.id}</span>
      <span className="row-title">{task.title}</span>
      {task.status === "blocked" && <span className="row-note">{task.blockedReason}</span>}
      <span className="row-facts">
        {task.labels?.slice(0, 3).map((label) => <span key={label} className="label">{label}</span>)}
        {waits > 0 && <span className="faint waits" title={`Waits for ${task.dependsOn?.join(", ")}`}><Icon name="link" />waits for {waits}</span>}
        <Steps {...steps} />
        {holder && <span className="who">{holder}</span>}
        <Time at={task.updatedAt} />
      </span>
    </div>
  );
}

export function StepRow({ row: { task, step, key }, ...common }: Common & { row: Of<"step"> }) {
  return (
    <div role="treeitem" aria-level={3} data-key={key} className={`step-row ${step.completed ? "done" : ""}`} {...common} onClick={() => openTask(task.id)}>
      <Icon name={step.completed ? "completed" : "pending"} label={step.completed ? "Done" : "Open"} /><span className="id">{step.id}</span><span className="row-title">{step.title}</span>
    </div>
  );
}
