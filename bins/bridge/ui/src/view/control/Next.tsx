import { useMemo } from "react";
import { openDependencies } from "../../model/derive";
import type { Task } from "../../model/entity";
import { openTask, openView } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";
import { PriorityMark } from "../part/Status";

const SHOWN = 6;

/** What could be started now, and what waits for what. */
export function Next() {
  const pending = useStore((state) => state.feed.groups.pending);
  const tasks = useStore((state) => state.feed.tasks);
  const [ready, waiting, next] = useMemo(() => {
    let ready = 0;
    const [first, then]: [Task[], Task[]] = [[], []];
    for (const task of pending) {
      const waits = (task.dependsOn?.length ?? 0) > 0 && openDependencies(task, tasks).length > 0;
      if (!waits) ready += 1;
      const list = waits ? then : first;
      if (list.length < SHOWN) list.push(task);
    }
    return [ready, pending.length - ready, [...first, ...then].slice(0, SHOWN)];
  }, [pending, tasks]);
  if (!pending.length) return null;
  return (
    <section className="panel" aria-labelledby="next-title">
      <div className="panel-head">
        <h2 id="next-title">Up next</h2><span className="count">{ready} ready{waiting ? `, ${waiting} waiting` : ""}</span>
        <span className="spring" /><button type="button" className="button quiet" onClick={() => openView("list")}>All</button>
      </div>
      <ul className="next">
        {next.map((task) => {
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
