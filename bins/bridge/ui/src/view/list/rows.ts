// The tree of the list as rows, so that only those in sight are drawn.

import type { Subtask, Task, TaskStatus } from "../../model/entity";
import type { Groups } from "../../model/groups";

export const ORDER: readonly TaskStatus[] = ["in_progress", "blocked", "in_review", "pending", "completed", "cancelled"];

export type Row =
  | { kind: "group"; key: string; status: TaskStatus; count: number; open: boolean }
  | { kind: "task"; key: string; task: Task; open: boolean }
  | { kind: "step"; key: string; task: Task; step: Subtask };

/** `folded` holds groups that are closed, `unfolded` tasks whose steps are shown. */
export function rowsOf(groups: Groups, folded: ReadonlySet<string>, unfolded: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  for (const status of ORDER) {
    const list = groups[status];
    if (!list.length) continue;
    const open = !folded.has(status);
    rows.push({ kind: "group", key: status, status, count: list.length, open });
    if (!open) continue;
    for (const task of list) {
      const shown = unfolded.has(task.id) && (task.subtasks?.length ?? 0) > 0;
      rows.push({ kind: "task", key: task.id, task, open: shown });
      if (shown) for (const step of task.subtasks ?? []) rows.push({ kind: "step", key: `${task.id} ${step.id}`, task, step });
    }
  }
  return rows;
}
