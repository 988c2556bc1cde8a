// Groups of what happens, for the filters of the timeline.

import type { TimelineEntry } from "../../model/entity";

export const GROUPS = ["all", "tasks", "steps", "sessions", "talk", "trouble"] as const;
export type Group = (typeof GROUPS)[number];

export const GROUP_LABEL: Record<Group, string> = {
  all: "Everything", tasks: "Tasks", steps: "Steps", sessions: "Sessions", talk: "Talk", trouble: "Trouble",
};

const TALK = new Set(["comment", "progress", "queued", "needs_input", "submitted", "completed", "unblocked"]);
const TROUBLE = new Set(["blocked", "failed", "lost", "needs_input", "released", "late_report", "queued_refused", "cancelled", "restart_abandoned"]);

export function belongs(entry: TimelineEntry, group: Group): boolean {
  switch (group) {
    case "all": return true;
    case "tasks": return entry.entity.startsWith("task/") && !entry.kind.startsWith("subtask_");
    case "steps": return entry.kind.startsWith("subtask_");
    case "sessions": return entry.entity.startsWith("session/");
    case "talk": return TALK.has(entry.kind);
    case "trouble": return TROUBLE.has(entry.kind);
  }
}

const DAY = 86_400_000;

/** `Today`, `Yesterday`, or the date. */
export function dayOf(at: string, now: number): string {
  const date = new Date(at);
  const key = date.toDateString();
  if (key === new Date(now).toDateString()) return "Today";
  if (key === new Date(now - DAY).toDateString()) return "Yesterday";
  return date.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
}
