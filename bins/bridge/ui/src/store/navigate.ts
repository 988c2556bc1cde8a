// Where the person is.

import { formatRoute, parseRoute, type Route, type View } from "./route";
import { get, set, type Dialog } from "./state";

export function navigate(route: Route, replace = false): void {
  const path = formatRoute(route);
  if (path !== window.location.pathname) window.history[replace ? "replaceState" : "pushState"](null, "", path);
  set({ route });
}

export function onPopState(follow: (project: string) => void): void {
  const route = parseRoute(window.location.pathname);
  set({ route });
  if (route.project && route.project !== get().feed.project) follow(route.project);
}

const here = (): Route => ({ ...get().route, project: get().feed.project });

export const openView = (view: View): void => navigate({ ...here(), view, session: null, task: null });
export const openTask = (task: string): void => navigate({ ...here(), task });
export const closeTask = (): void => navigate({ ...here(), task: null });
export const openSession = (session: string | null): void => navigate({ ...here(), view: "sessions", session, task: null });
export const openDialog = (dialog: Dialog | null): void => set({ dialog });
