// The entities as the page holds them: the wire's types, less what commits leave out.

import type * as Wire from "../generated/wire";

/** Over every member of a union: these fields may be absent. */
type Loose<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> & Partial<Pick<T, K & keyof T>> : never;

/** A commit carries a task without what a list derives from it. */
export type Task = Loose<Wire.Task, "progress" | "ready">;
export type TaskDetail = Wire.TaskDetail;
export type TaskStatus = Task["status"];
export type Priority = Wire.TaskPriority;
export type Subtask = Wire.TaskSubtask;
export type Session = Loose<Wire.Session, "holds" | "unread" | "pending">;
export type SessionStatus = Session["status"];
export type Project = Wire.Project;
export type Node = Wire.Node;
export type LedgerEvent = Wire.LedgerEvent;

/** What happened: the change of one event with its `kind` and the kind's fields. */
export interface TimelineEntry {
  seq: number;
  id: string;
  at: string;
  actor: string;
  entity: string;
  kind: string;
  [field: string]: unknown;
}

export const TASK_STATUSES = ["pending", "in_progress", "in_review", "blocked", "completed", "cancelled"] as const satisfies readonly TaskStatus[];
export const PRIORITIES = ["critical", "high", "medium", "low"] as const satisfies readonly Priority[];

export const isLiving = (status: SessionStatus): boolean =>
  status === "requested" || status === "starting" || status === "active" || status === "needs_input";

/** There may be a terminal to look at. */
export const hasTerminal = (session: Session): boolean => session.status === "active" || session.status === "needs_input" || session.status === "starting";

/** Ids in the order that people expect: t2 before t10. */
export const idNumber = (id: string): number => Number(id.slice(1)) || Number(id.slice(2)) || 0;

/** Times as the wire writes them sort as text; a locale has no say in it, and takes its time. */
export const later = (a: string, b: string): number => (a < b ? 1 : a > b ? -1 : 0);
