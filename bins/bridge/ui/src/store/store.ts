// Between the socket and the state: frames in, commands out. Nothing is shown as done before the ledger says so.

import { Connection } from "../feed/connection";
import { emptyFeed, takeFrames } from "../feed/feed";
import type { Commit, Reply, ServerFrame, SnapshotPage } from "../feed/frame";
import { Outbox, type Entry, type Outcome } from "../feed/outbox";
import { Terminals } from "../feed/terminals";
import { busiest } from "../model/derive";
import { closeTask, navigate, onPopState } from "./navigate";
import { notifyOf } from "./notify";
import { applyTheme } from "./prefs";
import { get, set } from "./state";
import { toast } from "./toast";

// Frames are applied together: a burst is one rendering, and a long rendering makes the next wait for more.
const SOON = 16;
const SLOW = 120;
let waiting: (Commit | SnapshotPage)[] = [];
let scheduled: number | undefined;
let pause = SOON;

function schedule(): void {
  scheduled ??= window.setTimeout(flush, pause);
}

function flush(): void {
  window.clearTimeout(scheduled);
  scheduled = undefined;
  if (!waiting.length) return;
  const frames = waiting;
  waiting = [];
  const before = get().feed;
  const began = performance.now();
  const { feed, gap } = takeFrames(before, frames);
  if (feed !== before) set(feed.seq === null ? { feed } : { feed, trouble: null });
  pause = performance.now() - began > 12 || frames.length > 20 ? SLOW : SOON;
  notifyOf(before, feed);
  if (gap && feed.project) connection.tell({ type: "switch", project: feed.project });
}

function receive(frame: ServerFrame): void {
  switch (frame.type) {
    case "commit":
      waiting.push(frame);
      schedule();
      return;
    case "snapshot":
      // Its pages mean nothing before the last one; then somebody waits for them.
      waiting.push(frame);
      if (frame.last) flush();
      return;
    case "welcome": {
      flush();
      const { feed, projects, route, moves } = get();
      const project = frame.project ?? null;
      const same = feed.ledger === frame.ledger && feed.project === project;
      set({
        feed: same ? { ...feed, pages: [] } : emptyFeed(frame.ledger, project),
        projects: frame.projects ?? projects,
        moves: frame.moves ?? moves,
        terminals: frame.terminals ?? false,
        user: frame.user,
        version: frame.serverVersion,
        trouble: null,
      });
      if (project && route.project !== project) navigate({ project, view: route.view, task: null, session: null }, true);
      return;
    }
    case "projects":
      set({ projects: frame.projects });
      // Whoever follows nothing yet waits for one: the first of a ledger, or the list that the welcome did not have.
      if (!get().feed.project) {
        const project = busiest(frame.projects);
        if (project) openProject(project.id);
      }
      return;
    case "nodes":
      set({ nodes: frame.nodes });
      return;
    case "term.opened":
    case "term.size":
    case "term.closed":
      terminals.frame(frame);
      return;
    case "error":
      set({ trouble: { message: frame.message, hint: frame.suggestion } });
      return;
    case "resync":
    case "reply":
    case "pong":
    case "bye":
      return;
  }
}

const connection = new Connection({
  onLink: (link) => {
    set({ link });
    if (link.state === "connected") {
      outbox.flush();
      terminals.reopen();
    }
  },
  onFrame: receive,
  onBytes: (bytes) => terminals.bytes(bytes),
  position: () => {
    flush();
    const { feed } = get();
    return { project: feed.project, ledger: feed.ledger, since: feed.seq };
  },
});

const outbox = new Outbox({
  shelf: storage(),
  now: Date.now,
  isConnected: () => connection.connected,
  ledger: () => get().feed.ledger,
  send: ({ id, project, entity, verb, data }) => connection.call({ type: "cmd", id, project, entity, verb, data }),
  onChange: (entries) => set({ outbox: entries }),
  onEnd: ended,
  later: (what, delay) => window.setTimeout(what, delay),
});

export const terminals = new Terminals({
  tell: (frame) => connection.tell(frame),
  type: (term, text) => connection.type(term, text),
});

function storage(): Storage {
  try {
    const probe = "maestro.probe";
    localStorage.setItem(probe, "1");
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    return sessionStorage;
  }
}

function ended(entry: Entry, outcome: Outcome): void {
  if (outcome.state === "done") toast({ tone: "done", text: `Sent: ${entry.label}` });
  if (outcome.state === "refused") toast({ tone: "error", text: `${entry.label}: ${outcome.refused.message}`, hint: "It is kept under “Not sent”." });
}

export function start(): void {
  applyTheme(get().prefs.theme);
  connection.open();
  window.addEventListener("popstate", () => onPopState(follow));
  window.addEventListener("online", () => {
    set({ offline: false });
    connection.wake();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) connection.wake();
  });
  // Out of the browser's cache, as after going back to it.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) connection.wake();
  });
  window.addEventListener("offline", () => set({ offline: true }));
  window.addEventListener("storage", (event) => {
    if (!event.key) return;
    if (event.newValue === null) outbox.forget(event.key);
    else if (event.key.startsWith("maestro.outbox.")) outbox.load();
  });
  window.setInterval(() => set({ now: Date.now() }), 1000);
}

export const retryNow = (): void => connection.retryNow();
export const retryEntry = (id: string): void => outbox.retry(id);
export const dropEntry = (id: string): void => outbox.drop(id);

function follow(project: string): void {
  flush();
  waiting = [];
  set({ feed: emptyFeed(get().feed.ledger, project), trouble: null });
  terminals.closeAll();
  connection.tell({ type: "switch", project });
}

export function openProject(project: string): void {
  navigate({ project, view: get().route.view, task: null, session: null });
  if (project !== get().feed.project) follow(project);
}

export interface Command {
  entity: string;
  verb: string;
  data: Record<string, unknown>;
  /** As in `Complete t3`. */
  label: string;
  project?: string;
  /** Refusals of these codes may be overruled: the toast offers it. */
  force?: boolean;
}

const FORCED = ["open_subtasks", "dependencies_open", "already_assigned", "still_claimed", "has_dependants"];

/** A command; a refusal explains itself in a toast. */
export async function command(wanted: Command): Promise<Outcome> {
  const { entity, verb, data, label } = wanted;
  const project = wanted.project ?? get().feed.project ?? "";
  const outcome = await outbox.put({ project, entity, verb, data, label });
  if (outcome.state === "queued") toast({ tone: "plain", text: `${label}: kept until the connection is back.` });
  if (outcome.state === "refused") {
    const { message, suggestion, error } = outcome.refused;
    const forced = wanted.force && FORCED.includes(error);
    const action = forced
      ? { label: "Do it anyway", run: () => void command({ ...wanted, data: { ...data, force: true }, force: false }) }
      : undefined;
    toast({ tone: "error", text: message, hint: forced ? undefined : suggestion, action });
  }
  if (outcome.state === "done" && verb === "delete" && entity === "task") closeTask();
  return outcome;
}

export const query = (entity: string, verb: string, data: unknown): Promise<Reply> =>
  connection.call({ type: "qry", entity, verb, data });

export const ask = (frame: { type: string; [field: string]: unknown }): Promise<Reply> => connection.call(frame);
