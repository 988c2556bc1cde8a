// Every project, view, task and session has an address: /p/web/board/t/t3, /p/web/sessions/s2.

export const VIEWS = ["control", "board", "list", "graph", "timeline", "sessions"] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  project: string | null;
  view: View;
  /** The task whose drawer is open. */
  task: string | null;
  /** The session in focus. */
  session: string | null;
}

/** As the wire has it: the bridge refuses a hello that names anything else. */
const PROJECT = /^[a-z0-9][a-z0-9-]{0,31}$/;

const isView = (text: string | undefined): text is View => VIEWS.includes(text as View);

export function parseRoute(path: string): Route {
  const route: Route = { project: null, view: "control", task: null, session: null };
  let parts: string[];
  try {
    parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return route;
  }
  if (parts.shift() !== "p" || !PROJECT.test(parts[0] ?? "")) return route;
  route.project = parts.shift() ?? null;
  if (isView(parts[0])) route.view = parts.shift() as View;
  if (route.view === "sessions" && parts[0] && parts[0] !== "t") route.session = parts.shift() ?? null;
  if (parts[0] === "t" && parts[1]) route.task = parts[1];
  return route;
}

export function formatRoute({ project, view, task, session }: Route): string {
  if (!project) return "/";
  const parts = ["p", project];
  if (view !== "control") parts.push(view);
  if (view === "sessions" && session) parts.push(session);
  if (task) parts.push("t", task);
  return `/${parts.map(encodeURIComponent).join("/")}`;
}
