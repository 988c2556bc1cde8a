// The page's state: what the socket said, what waits to be sent, and what the person looks at.

import { create } from "zustand";
import { emptyFeed, type Feed } from "../feed/feed";
import type { Moves } from "../feed/frame";
import type { Link } from "../feed/link";
import type { Entry } from "../feed/outbox";
import type { Node, Project } from "../model/entity";
import { loadPrefs, type Prefs } from "./prefs";
import { parseRoute, type Route } from "./route";

export interface Toast {
  id: number;
  tone: "error" | "done" | "plain";
  text: string;
  hint?: string | undefined;
  action?: { label: string; run(): void } | undefined;
}

export type Dialog =
  | { kind: "new_task"; title?: string }
  | { kind: "launch"; task?: string; role?: "worker" | "orchestrator" }
  | { kind: "palette" }
  | { kind: "outbox" }
  | { kind: "settings" }
  | { kind: "keys" };

export interface State {
  link: Link;
  /** The browser says that there is no network. */
  offline: boolean;
  feed: Feed;
  projects: readonly Project[] | null;
  nodes: readonly Node[];
  moves: Moves;
  terminals: boolean;
  user: string | null;
  version: string | null;
  /** What stands in the way, in the bridge's words. */
  trouble: { message: string; hint?: string | undefined } | null;
  outbox: readonly Entry[];
  route: Route;
  dialog: Dialog | null;
  toasts: readonly Toast[];
  prefs: Prefs;
  /** Ticks once a second. */
  now: number;
}

export const useStore = create<State>(() => ({
  link: { state: "connecting" },
  offline: typeof navigator !== "undefined" && !navigator.onLine,
  feed: emptyFeed(null, parseRoute(window.location.pathname).project),
  projects: null,
  nodes: [],
  moves: {},
  terminals: false,
  user: null,
  version: null,
  trouble: null,
  outbox: [],
  route: parseRoute(window.location.pathname),
  dialog: null,
  toasts: [],
  prefs: loadPrefs(),
  now: Date.now(),
}));

export const { getState: get, setState: set } = useStore;
