// Every project and task has an address.

export interface Route {
  project: string | null;
  task: string | null;
}

export function parseRoute(path: string): Route {
  const [p, project, t, task] = path.split("/").filter(Boolean);
  return {
    project: p === "p" && project ? decodeURIComponent(project) : null,
    task: p === "p" && t === "t" && task ? decodeURIComponent(task) : null,
  };
}

export function formatRoute({ project, task }: Route): string {
  if (!project) return "/";
  return `/p/${encodeURIComponent(project)}${task ? `/t/${encodeURIComponent(task)}` : ""}`;
}
