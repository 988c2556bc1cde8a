// The page's state: what the socket said, and what the person looks at.

import { create } from "zustand";
import { Connection, type Link } from "../feed/connection";
import { emptyFeed, takeCommit, takePage, type Feed } from "../feed/feed";
import type { Commit, Reply, ServerFrame, SnapshotPage } from "../feed/frame";
import type { Project } from "../model/entity";
import { formatRoute, parseRoute, type Route } from "./route";

export type Tab = "tasks" | "sessions" | "timeline";

export interface Toast {
  id: number;
  tone: "error" | "done";
  text: string;
  hint?: string | undefined;
}

interface State {
  link: Link;
  feed: Feed;
  projects: readonly Project[] | null;
  user: string | null;
  version: string | null;
  /** What stands in the way, in the bridge's words. */
  trouble: { message: string; hint?: string | undefined } | null;
  route: Route;
  tab: Tab;
  toasts: readonly Toast[];
  now: number;
}

export const useStore = create<State>(() => ({
  link: { state: "connecting" },
  feed: emptyFeed(null, parseRoute(window.location.pathname).project),
  projects: null,
  user: null,
  version: null,
  trouble: null,
  route: parseRoute(window.location.pathname),
  tab: "tasks",
  toasts: [],
  now: Date.now(),
}));

const { getState: get, setState: set } = useStore;

// Frames are applied together, at most once a frame of the screen: a burst is one rendering.
let waiting: (Commit | SnapshotPage)[] = [];
let scheduled = false;

function flush(): void {
  scheduled = false;
  const frames = waiting;
  waiting = [];
  let { feed } = get();
  for (const frame of frames) {
    if (frame.type === "snapshot") feed = takePage(feed, frame);
    else {
      const step = takeCommit(feed, frame);
      feed = step.feed;
      if (step.gap && feed.project) {
        connection.resync(feed.project);
        break;
      }
    }
  }
  set(feed.seq === null ? { feed } : { feed, trouble: null });
}

function receive(frame: ServerFrame): void {
  switch (frame.type) {
    case "commit":
    case "snapshot":
      waiting.push(frame);
      if (!scheduled) {
        scheduled = true;
        window.setTimeout(flush, 16);
      }
      return;
    case "welcome": {
      flush();
      const { feed, projects, route } = get();
      const project = frame.project ?? null;
      const same = feed.ledger === frame.ledger && feed.project === project;
      set({
        feed: same ? { ...feed, pages: [] } : emptyFeed(frame.ledger, project),
        projects: frame.projects ?? projects,
        user: frame.user,
        version: frame.serverVersion,
        trouble: null,
      });
      if (project && route.project !== project) navigate({ project, task: null }, true);
      return;
    }
    case "projects":
      set({ projects: frame.projects });
      // The first project of a ledger is what everybody waits for.
      if (!get().feed.project && frame.projects[0]) openProject(frame.projects[0].id);
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
  onLink: (link) => set({ link }),
  onFrame: receive,
  position: () => {
    flush();
    const { feed } = get();
    return { project: feed.project, ledger: feed.ledger, since: feed.seq };
  },
});

export function start(): void {
  connection.open();
  window.addEventListener("popstate", () => {
    const route = parseRoute(window.location.pathname);
    set({ route });
    if (route.project && route.project !== get().feed.project) follow(route.project);
  });
  window.addEventListener("online", () => connection.retryNow());
  window.setInterval(() => set({ now: Date.now() }), 1000);
}

export const retryNow = (): void => connection.retryNow();

function follow(project: string): void {
  flush();
  set({ feed: emptyFeed(get().feed.ledger, project), trouble: null });
  connection.switch(project);
}

function navigate(route: Route, replace = false): void {
  window.history[replace ? "replaceState" : "pushState"](null, "", formatRoute(route));
  set({ route });
}

export function openProject(project: string): void {
  navigate({ project, task: null });
  if (project !== get().feed.project) follow(project);
}

export const openTask = (task: string): void => navigate({ project: get().feed.project, task });
export const closeTask = (): void => navigate({ project: get().feed.project, task: null });
export const showTab = (tab: Tab): void => set({ tab });

/** A command; a refusal explains itself in a toast. Nothing is shown as done before the ledger says so. */
export async function command(entity: string, verb: string, data: unknown, project?: string): Promise<Reply> {
  const reply = await connection.command(entity, verb, data, project);
  if (!reply.success) toast({ tone: "error", text: reply.message, hint: reply.suggestion });
  return reply;
}

export const query = (entity: string, verb: string, data: unknown): Promise<Reply> =>
  connection.query(entity, verb, data);

let toastId = 0;
export function toast(toast: Omit<Toast, "id">): void {
  const id = ++toastId;
  set({ toasts: [...get().toasts.slice(-3), { ...toast, id }] });
  window.setTimeout(() => dismiss(id), 8000);
}
export const dismiss = (id: number): void => set({ toasts: get().toasts.filter((each) => each.id !== id) });
