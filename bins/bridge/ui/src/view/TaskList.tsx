import { useMemo, useState } from "react";
import type { Task, TaskStatus } from "../model/entity";
import { STATUS_ORDER, statusLabel } from "../model/describe";
import { useStore } from "../store/store";
import { Icon } from "./Icon";
import { QuickAdd } from "./QuickAdd";
import { TaskRow } from "./TaskRow";

/** Rows of a group before "show all"; what is done is shorter. */
const SHOWN: Record<string, number> = { completed: 8, cancelled: 3 };
const USUAL = 100;
const RANK = { critical: 0, high: 1, medium: 2, low: 3 } as const;

const number = (id: string): number => Number(id.slice(1));

function order(status: TaskStatus, a: Task, b: Task): number {
  if (status === "completed" || status === "cancelled") return b.updatedAt.localeCompare(a.updatedAt);
  return RANK[a.priority] - RANK[b.priority] || number(a.id) - number(b.id);
}

export function TaskList() {
  const tasks = useStore((state) => state.feed.tasks);
  const loaded = useStore((state) => state.feed.seq !== null);
  const [words, setWords] = useState("");
  const groups = useMemo(() => {
    const wanted = words.trim().toLowerCase();
    const match = (task: Task) =>
      !wanted || `${task.id} ${task.title} ${(task.labels ?? []).join(" ")} ${task.claim?.actor ?? ""}`.toLowerCase().includes(wanted);
    const by = new Map<TaskStatus, Task[]>(STATUS_ORDER.map((status) => [status, []]));
    for (const task of tasks.values()) if (match(task)) by.get(task.status)?.push(task);
    for (const [status, list] of by) list.sort((a, b) => order(status, a, b));
    return [...by].filter(([, list]) => list.length > 0);
  }, [tasks, words]);
  const done = useMemo(() => [...tasks.values()].filter((task) => task.status === "completed").length, [tasks]);
  return (
    <section className="pane pane-tasks" aria-labelledby="tasks-title" aria-busy={!loaded}>
      <div className="pane-head">
        <h2 id="tasks-title">Tasks</h2>
        {tasks.size > 0 && (
          <span className="overall" title={`${done} of ${tasks.size} completed`}>
            <progress value={done} max={tasks.size} aria-label="Completed tasks" />{done}/{tasks.size}
          </span>
        )}
        <span className="spring" />
        {tasks.size > 0 && (
          <label className="search">
            <Icon name="search" /><span className="hidden">Filter the tasks</span>
            <input type="search" placeholder="Filter" value={words} onChange={(event) => setWords(event.target.value)} />
          </label>
        )}
      </div>
      <QuickAdd />
      {!loaded && <Skeleton />}
      {loaded && tasks.size === 0 && (
        <div className="empty">
          <p><strong>No tasks yet.</strong> Add the first one above, or let an orchestrator break the work down:</p>
          <pre><code>maestro session spawn --role orchestrator --prompt "…"</code></pre>
        </div>
      )}
      {loaded && tasks.size > 0 && groups.length === 0 && <div className="empty"><p>No task matches “{words}”.</p></div>}
      {groups.map(([status, list]) => <Group key={status} status={status} list={list} />)}
    </section>
  );
}

function Group({ status, list }: { status: TaskStatus; list: Task[] }) {
  const [all, setAll] = useState(false);
  const limit = all ? Infinity : (SHOWN[status] ?? USUAL);
  return (
    <section className={`group tone-${status}`} aria-label={`${statusLabel(status)}: ${list.length}`}>
      <h3><Icon name={status} />{statusLabel(status)}<span className="count">{list.length}</span></h3>
      <ul className="rows">{list.slice(0, limit).map((task) => <TaskRow key={task.id} task={task} />)}</ul>
      {list.length > limit && <button type="button" className="button quiet" onClick={() => setAll(true)}>Show all {list.length}</button>}
    </section>
  );
}

function Skeleton() {
  return <div className="skeletons" aria-hidden="true">{[72, 54, 63, 45, 58].map((width) => <div key={width} className="skeleton"><span style={{ width: `${width}%` }} /></div>)}</div>;
}
