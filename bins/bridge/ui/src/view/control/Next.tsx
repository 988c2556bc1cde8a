import { useMemo } from "react";
import { openDependencies, order } from "../../model/derive";
import { openTask, openView } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";
import { PriorityMark } from "../part/Status";

const SHOWN = 6;

/** What could be started now, and what waits for what. */
export function Next() {
  const tasks = useStore((state) => state.feed.tasks);
  const [ready, waiting] = useMemo(() => {
    const pending = [...tasks.values()].filter((task) => task.status === "pending").sort((a, b) => order("pending", a, b));
    return [pending.filter((task) => !openDependencies(task, tasks).length), pending.filter((task) => openDependencies(task, tasks).length > 0)];
  }, [tasks]);
  if (!ready.length && !waiting.length) return null;
  return (
    <section className="panel" aria-labelledby="next-title">
      <div className="panel-head">
        <h2 id="next-title">Up next</h2><span className="count">{ready.length} ready{waiting.length ? `, ${waiting.length} waiting` : ""}</span>
        <span className="spring" /><button type="button" className="button quiet" onClick={() => openView("list")}>All</button>
      </div>
      <ul className="next">
        {[...ready.slice(0, SHOWN), ...waiting.slice(0, Math.max(0, SHOWN - ready.length))].map((task) => {
          const open = openDependencies(task, tasks);
          return (
            <li key={task.id}>
              <button type="button" className="line" onClick={() => openTask(task.id)}>
                <PriorityMark priority={task.priority} /><span className="id">{task.id}</span><span className="line-title">{task.title}</span>
                {open.length > 0 && <span className="faint waits"><Icon name="link" />waits for {open.slice(0, 3).join(", ")}{open.length > 3 ? " …" : ""}</span>}
                {task.assignment && <span className="who">{task.assignment.session}</span>}
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
