// What follows from the entities, for the views. Pure, and no decision: whether something is allowed is the server's to say.

import { idNumber, isLiving, later, type Priority, type Session, type Subtask, type Task, type TaskStatus } from "./entity";

const RANK: Record<Priority, number> = { critical: 0, high: 1, medium: 2, low: 3 };

export function progress(task: Task): { completed: number; total: number } {
  const subtasks = task.subtasks ?? [];
  return { completed: subtasks.filter((each) => each.completed).length, total: subtasks.length };
}

export const openDependencies = (task: Task, tasks: ReadonlyMap<string, Task>): string[] =>
  (task.dependsOn ?? []).filter((id) => tasks.get(id)?.status !== "completed");

/** What an agent works at now: the first step that is not done. */
export const currentStep = (task: Task): Subtask | undefined => task.subtasks?.find((each) => !each.completed);

/** The order inside a status: what is done by time, everything else by urgency and age. */
export function order(status: TaskStatus, a: Task, b: Task): number {
  if (status === "completed" || status === "cancelled") return later(a.updatedAt, b.updatedAt) || idNumber(b.id) - idNumber(a.id);
  return RANK[a.priority] - RANK[b.priority] || idNumber(a.id) - idNumber(b.id);
}

export function byStatus(tasks: Iterable<Task>, statuses: readonly TaskStatus[]): Map<TaskStatus, Task[]> {
  const groups = new Map<TaskStatus, Task[]>(statuses.map((status) => [status, []]));
  for (const task of tasks) groups.get(task.status)?.push(task);
  for (const [status, list] of groups) list.sort((a, b) => order(status, a, b));
  return groups;
}

export interface Need {
  key: string;
  kind: "needs_input" | "blocked" | "in_review";
  id: string;
  title: string;
  why: string | undefined;
  since: string;
}

/** What waits for a person, the most pressing first. */
export function needs(tasks: ReadonlyMap<string, Task>, sessions: ReadonlyMap<string, Session>): Need[] {
  const all: Need[] = [];
  for (const session of sessions.values()) {
    if (session.status === "needs_input") {
      all.push({ key: session.id, kind: "needs_input", id: session.id, title: session.name, why: session.question, since: session.updatedAt });
    }
  }
  const waiting: Need[] = [];
  for (const task of tasks.values()) {
    if (task.status === "blocked") waiting.push({ key: task.id, kind: "blocked", id: task.id, title: task.title, why: task.blockedReason, since: task.blockedAt });
    else if (task.status === "in_review") waiting.push({ key: task.id, kind: "in_review", id: task.id, title: task.title, why: undefined, since: task.submittedAt });
  }
  waiting.sort((a, b) => a.kind.localeCompare(b.kind) || a.since.localeCompare(b.since));
  return [...all, ...waiting];
}

export interface Worker {
  session: Session;
  /** What it holds, or was given. */
  tasks: Task[];
}

const LIVELY: Record<string, number> = { needs_input: 0, active: 1, starting: 2, requested: 3 };

export function workers(tasks: ReadonlyMap<string, Task>, sessions: ReadonlyMap<string, Session>): Worker[] {
  const held = new Map<string, Task[]>();
  for (const task of tasks.values()) {
    const who = task.claim?.actor ?? (task.status === "pending" ? task.assignment?.session : undefined);
    if (who) held.set(who, [...(held.get(who) ?? []), task]);
  }
  return [...sessions.values()]
    .filter((session) => isLiving(session.status))
    .sort((a, b) => (LIVELY[a.status] ?? 9) - (LIVELY[b.status] ?? 9) || idNumber(a.id) - idNumber(b.id))
    .map((session) => ({ session, tasks: held.get(session.id) ?? [] }));
}

/** How many tasks were completed in each of the last `count` spans of `width` ms, the latest last. */
export function throughput(tasks: Iterable<Task>, now: number, width: number, count: number): number[] {
  const bars = new Array<number>(count).fill(0);
  for (const task of tasks) {
    if (task.status !== "completed") continue;
    const age = Math.floor((now - Date.parse(task.completedAt)) / width);
    const at = count - 1 - Math.max(0, age);
    if (at >= 0) bars[at] = (bars[at] ?? 0) + 1;
  }
  return bars;
}
