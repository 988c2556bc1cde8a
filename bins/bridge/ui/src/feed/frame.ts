// The bridge's protocol, version 1. One frame is one JSON text message; terminals come in binary ones.

import type * as Wire from "../generated/wire";
import type { LedgerEvent, Project, Session, Task, TimelineEntry } from "../model/entity";

export type Moves = NonNullable<Wire.BridgeWelcome["moves"]>;
export type Welcome = Wire.BridgeWelcome;

export type SnapshotPage = Omit<Wire.BridgeSnapshot, "tasks" | "sessions" | "timeline"> & {
  tasks: Task[];
  sessions: Session[];
  timeline?: TimelineEntry[];
};

export type Commit = Omit<Wire.BridgeCommit, "events"> & { events: LedgerEvent[] };

/** A refusal: a stable code, what is the case, what to do. */
export interface Refused {
  success: false;
  error: string;
  message: string;
  suggestion?: string;
  retryable?: boolean;
  details?: unknown;
}

export type Reply = { type: "reply"; id: string; seq?: number; unchanged?: boolean } & ({ success: true; data?: unknown } | Refused);

export type ServerFrame =
  | Welcome
  | SnapshotPage
  | Commit
  | Reply
  | { type: "projects"; projects: Project[] }
  | Wire.BridgeNodes
  | Wire.BridgeResync
  | Wire.BridgeTermOpened
  | Wire.BridgeTermSize
  | Wire.BridgeTermClosed
  | Wire.BridgeError
  | Wire.BridgePong
  | Wire.BridgeBye;

/** A binary frame of a terminal. */
export interface TerminalBytes {
  kind: "output" | "screen" | "past";
  term: number;
  offset: number;
  bytes: Uint8Array;
}

const KINDS = ["output", "screen", "past"] as const;
const INPUT = 16;

export function readBytes(buffer: ArrayBuffer): TerminalBytes | null {
  if (buffer.byteLength < 13) return null;
  const view = new DataView(buffer);
  const kind = KINDS[view.getUint8(0)];
  if (!kind) return null;
  return { kind, term: view.getUint32(1), offset: Number(view.getBigUint64(5)), bytes: new Uint8Array(buffer, 13) };
}

export function writeInput(term: number, text: string): Uint8Array<ArrayBuffer> {
  const typed = new TextEncoder().encode(text);
  const frame = new Uint8Array(5 + typed.length);
  frame[0] = INPUT;
  new DataView(frame.buffer).setUint32(1, term);
  frame.set(typed, 5);
  return frame;
}
