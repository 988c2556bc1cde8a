// The entities as the wire spells them. Fields that no view uses are left out; unknown ones are tolerated.

export type TaskStatus = "pending" | "in_progress" | "in_review" | "blocked" | "completed" | "cancelled";
export type Priority = "critical" | "high" | "medium" | "low";

export interface Subtask {
  id: string;
  title: string;
  completed: boolean;
  completedAt?: string;
  completedBy?: string;
}

export interface Holder {
  actor: string;
  epoch?: number;
  since?: string;
}

export interface Task {
  id: string;
  rev: number;
  title: string;
  status: TaskStatus;
  startedAt?: string;
  submittedAt?: string;
  blockedKind?: "reported" | "dependency_cancelled" | "released_too_often";
  blockedReason?: string;
  blockedAt?: string;
  completedAt?: string;
  completedBy?: string;
  priority: Priority;
  labels?: string[];
  dependsOn?: string[];
  subtasks?: Subtask[];
  claim?: Holder & { number: number };
  assignment?: { session: string; by: string; at: string };
  createdBy: string;
  createdAt: string;
  updatedBy: string;
  updatedAt: string;
}

export type SessionStatus =
  | "requested"
  | "starting"
  | "active"
  | "needs_input"
  | "exited"
  | "failed"
  | "stopped"
  | "lost";

export interface Session {
  id: string;
  rev: number;
  name: string;
  role: string;
  agent: string;
  status: SessionStatus;
  epoch: number;
  tasks?: string[];
  parent: string;
  pool: string;
  node?: string;
  input?: string;
  question?: string;
  code?: number;
  failure?: string;
  lostReason?: string;
  lastUpdate?: string;
  pending?: string;
  createdAt: string;
  updatedAt: string;
}

export interface Project {
  id: string;
  rev: number;
  title: string;
  archived?: boolean;
  updatedAt: string;
}

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

/** A task with its long texts, as `task.get` answers. */
export interface TaskDetail extends Task {
  description?: string;
  acceptance?: string[];
  technicalNotes?: string;
  summary?: string;
  dependencies?: { id: string; title: string; status: TaskStatus }[];
  dependants?: string[];
  timeline?: TimelineEntry[];
}

/** One CloudEvent of a commit. */
export interface LedgerEvent {
  id: string;
  type: string;
  subject: string;
  time: string;
  actor: string;
  data: { change?: { kind?: string; [field: string]: unknown }; after?: unknown };
}

export interface WireError {
  error: string;
  message: string;
  suggestion?: string;
  retryable?: boolean;
}

export const isLiving = (status: SessionStatus): boolean =>
  status === "requested" || status === "starting" || status === "active" || status === "needs_input";
