// The bridge's protocol, version 1. One frame is one JSON text message.

import type { LedgerEvent, Project, Session, Task, TimelineEntry, WireError } from "../model/entity";

export interface Welcome {
  type: "welcome";
  version: number;
  ledger: string;
  project?: string;
  projects: Project[] | null;
  user: string;
  serverVersion: string;
}

export interface SnapshotPage {
  type: "snapshot";
  project: string;
  seq: number;
  page: number;
  last: boolean;
  tasks: Task[];
  sessions: Session[];
  timeline?: TimelineEntry[];
}

export interface Commit {
  type: "commit";
  project: string;
  seq: number;
  /** The commit of the project before this one; 0: none. */
  prev?: number;
  events: LedgerEvent[];
}

export type Reply = { type: "reply"; id: string; seq?: number; unchanged?: boolean } & (
  | { success: true; data?: unknown }
  | ({ success: false } & WireError)
);

export type ServerFrame =
  | Welcome
  | SnapshotPage
  | Commit
  | Reply
  | { type: "projects"; projects: Project[] }
  | { type: "resync"; project: string }
  | { type: "error"; code: string; message: string; suggestion?: string; retryable: boolean }
  | { type: "pong" }
  | { type: "bye"; reason: string };
