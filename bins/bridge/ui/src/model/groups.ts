// The tasks by status, each group in its order. Kept up with every commit, so that no view sorts ten thousand tasks
// because one of them changed: groups that nothing changed in stay the very same arrays.

import { idNumber, later, PRIORITIES, TASK_STATUSES, type Task, type TaskStatus } from "./entity";
import { isEmpty, matches, type Filter } from "./filter";

export type Groups = Readonly<Record<TaskStatus, readonly Task[]>>;

const isOver = (status: TaskStatus): boolean => status === "completed" || status === "cancelled";

/** The order inside a status: what is over by time, everything else by urgency and age. */
export function order(status: TaskStatus, a: Task, b: Task): number {
  if (isOver(status)) return later(a.updatedAt, b.updatedAt) || idNumber(b.id) - idNumber(a.id);
  return rank(a) - rank(b) || idNumber(a.id) - idNumber(b.id);
}

const rank = (task: Task): number => PRIORITIES.indexOf(task.priority);

const perStatus = <T>(make: (status: TaskStatus) => T): Record<TaskStatus, T> =>
  Object.fromEntries(TASK_STATUSES.map((status) => [status, make(status)])) as Record<TaskStatus, T>;

export const NO_GROUPS: Groups = perStatus(() => []);

/** All of them at once. Keys are made once a task: a comparison that parses ids is the slowest part of a sort. */
export function groupsOf(tasks: Iterable<Task>): Groups {
  const keyed = perStatus<{ task: Task; rank: number; id: number }[]>(() => []);
  for (const task of tasks) keyed[task.status]?.push({ task, rank: rank(task), id: idNumber(task.id) });
  return perStatus((status) => {
    const list = keyed[status];
    if (isOver(status)) list.sort((a, b) => later(a.task.updatedAt, b.task.updatedAt) || b.id - a.id);
    else list.sort((a, b) => a.rank - b.rank || a.id - b.id);
    return list.map((each) => each.task);
  });
}

/** The groups after these tasks changed; `before` and `after` say what each was and is. */
export function regroup(groups: Groups, changed: ReadonlySet<string>, before: ReadonlyMap<string, Task>, after: ReadonlyMap<string, Task>): Groups {
  const come = perStatus<Task[]>(() => []);
  const touched = new Set<TaskStatus>();
  for (const id of changed) {
    const was = before.get(id);
    const is = after.get(id);
    if (was) touched.add(was.status);
    if (is) {
      touched.add(is.status);
      come[is.status]?.push(is);
    }
  }
  return perStatus((status) => (touched.has(status) ? merge(status, groups[status], come[status], changed) : groups[status]));
}

function merge(status: TaskStatus, list: readonly Task[], come: Task[], changed: ReadonlySet<string>): readonly Task[] {
  come.sort((a, b) => order(status, a, b));
  const merged: Task[] = [];
  let next = 0;
  for (const task of list) {
    if (changed.has(task.id)) continue;
    for (let other = come[next]; other && order(status, other, task) < 0; other = come[++next]) merged.push(other);
    merged.push(task);
  }
  for (const other of come.slice(next)) merged.push(other);
  return merged;
}

/** What a filter leaves. A group that did not change since the last time is not looked through again. */
export function narrower(): (groups: Groups, filter: Filter) => Groups {
  let last: { groups: Groups; filter: Filter; found: Groups } | null = null;
  return (groups, filter) => {
    const known = last?.filter === filter ? last : null;
    const found = isEmpty(filter) ? groups : perStatus((status) =>
      known && known.groups[status] === groups[status] ? known.found[status] : groups[status].filter((task) => matches(task, filter)));
    last = { groups, filter, found };
    return found;
  };
}
