// What follows from the entities, for the views. Pure, and no decision: whether something is allowed is the server's to say.

import { idNumber, isLiving, type Project, type Session, type Subtask, type Task } from "./entity";
import type { Groups } from "./groups";

export function progress(task: Task): { completed: number; total: number } {
  const subtasks = task.subtasks ?? [];
  return { completed: subtasks.filter((each) => each.completed).length, total: subtasks.length };
}

export const openDependencies = (task: Task, tasks: ReadonlyMap<string, Task>): string[] =>
  (task.dependsOn ?? []).filter((id) => tasks.get(id)?.status !== "completed");

/** What an agent works at now: the first step that is not done. */
export const currentStep = (task: Task): Subtask | undefined => task.subtasks?.find((each) => !each.completed);

/** Where the most is going on, as the bridge finds it for a hello that names no project. */
export function busiest(projects: readonly Project[]): Project | undefined {
  const rank = (project: Project): [number, number, string] =>
    [project.livingSessions, Object.values(project.tasks).some((count) => count > 0) ? 1 : 0, project.updatedAt];
  const less = (a: Project, b: Project) => {
    const [mine, others] = [rank(a), rank(b)];
    const at = mine.findIndex((part, index) => part !== others[index]);
    return at >= 0 && mine[at]! < others[at]!;
  };
  return projects.reduce<Project | undefined>((most, each) => (!most || less(most, each) ? each : most), undefined);
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
export function needs(groups: Pick<Groups, "blocked" | "in_review">, sessions: ReadonlyMap<string, Session>): Need[] {
  const all: Need[] = [];
  for (const session of sessions.values()) {
    if (session.status === "needs_input") {
      all.push({ key: session.id, kind: "needs_input", id: session.id, title: session.name, why: session.question, since: session.updatedAt });
    }
  }
  const waiting: Need[] = [];
  for (const task of [...groups.blocked, ...groups.in_review]) {
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

export function workers(groups: Groups, sessions: ReadonlyMap<string, Session>): Worker[] {
  const held = new Map<string, Task[]>();
  for (const list of [groups.in_progress, groups.in_review, groups.blocked, groups.pending]) for (const task of list) {
    const who = task.claim?.actor ?? (task.status === "pending" ? task.assignment?.session : undefined);
    if (who) held.set(who, [...(held.get(who) ?? []), task]);
  }
  return [...sessions.values()]
    .filter((session) => isLiving(session.status))
    .sort((a, b) => (LIVELY[a.status] ?? 9) - (LIVELY[b.status] ?? 9) || idNumber(a.id) - idNumber(b.id))
    .map((session) => ({ session, tasks: held.get(session.id) ?? [] }));
}

/** How many of these, the latest first, were completed in each of the last `count` spans of `width` ms, the latest last. */
export function throughput(completed: readonly Task[], now: number, width: number, count: number): number[] {
  const bars = new Array<number>(count).fill(0);
  for (const task of completed) {
    // Nothing was completed after its last change, so nothing behind this one counts.
    if (Date.parse(task.updatedAt) < now - width * count) break;
    if (task.status !== "completed") continue;
    const age = Math.floor((now - Date.parse(task.completedAt)) / width);
    const at = count - 1 - Math.max(0, age);
    if (at >= 0) bars[at] = (bars[at] ?? 0) + 1;
  }
  return bars;
}
