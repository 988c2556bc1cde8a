// Words for people: statuses, times, entries of the timeline.

import type { Session, TaskStatus, TimelineEntry } from "./entity";

export const STATUS_ORDER: readonly TaskStatus[] = [
  "in_progress", "blocked", "in_review", "pending", "completed", "cancelled",
];

const STATUS_LABEL: Record<string, string> = {
  pending: "Pending", in_progress: "In progress", in_review: "In review", blocked: "Blocked",
  completed: "Completed", cancelled: "Cancelled", requested: "Waiting for a host", starting: "Starting",
  active: "Active", needs_input: "Needs input", exited: "Finished", failed: "Failed", stopped: "Stopped", lost: "Lost",
};

export const statusLabel = (status: string): string => STATUS_LABEL[status] ?? status;

const UNITS: readonly [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"], [3600, "minute"], [86_400, "hour"], [604_800, "day"], [2_629_800, "week"], [31_557_600, "month"],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });

export function ago(at: string, now: number): string {
  const seconds = Math.min(0, (new Date(at).getTime() - now) / 1000);
  if (seconds > -5) return "now";
  let size = 1;
  for (const [limit, unit] of UNITS) {
    if (-seconds < limit) return relative.format(Math.round(seconds / size), unit);
    size = limit;
  }
  return relative.format(Math.round(seconds / 31_557_600), "year");
}

export const exact = (at: string): string =>
  new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const quoted = (value: unknown): string | undefined => text(value) || undefined;

/** What an entry says: a phrase behind the actor's name, and the words that came with it. */
export function describe(entry: TimelineEntry): { phrase: string; words?: string | undefined } {
  const [entity] = entry.entity.split("/");
  const say = (phrase: string, words?: unknown) => ({ phrase, words: quoted(words) });
  if (entity === "session") {
    switch (entry.kind) {
      case "requested": return say("requested", entry["reason"]);
      case "starting": return say(`is preparing on ${text(entry["node"])}:`);
      case "active": return say("started");
      case "needs_input": return say("needs input", entry["question"]);
      case "progress": return say("reports", entry["message"]);
      case "stop_requested": return say("asked to stop");
      case "exited": return say(`ended with code ${String(entry["code"])}:`);
      case "failed": return say("could not run:", entry["failure"]);
      case "lost": return say("lost", entry["reason"]);
    }
  }
  switch (entry.kind) {
    case "claimed": return say("took");
    case "progress": return say("reported on", entry["message"]);
    case "comment": return say("commented on", entry["message"]);
    case "submitted": return say("submitted for review", entry["summary"]);
    case "completed": return say("completed", entry["summary"]);
    case "late_report": return say("reported late on", entry["summary"]);
    case "blocked": return say("blocked", entry["reason"]);
    case "unblocked": return say("unblocked", entry["message"]);
    case "released": return say("gave back", entry["reason"]);
    case "reopened": return say("reopened", entry["reason"]);
    case "cancelled": return say("cancelled", entry["reason"]);
    case "ready": return say("made ready");
    case "dependencies_changed": return say("changed the dependencies of");
    case "assigned": return say(`assigned ${text(entry["session"])} to`);
    case "unassigned": return say(entry["session"] === entry.actor ? "is off" : `took ${text(entry["session"])} off`);
    case "subtask_created": return say("added a step to", entry["title"]);
    case "subtask_completed": return say("finished a step of", entry["title"]);
    case "subtask_reopened": return say("reopened a step of", entry["title"]);
    case "subtask_deleted": return say("removed a step of", entry["title"]);
    case "queued": return say(entry["to"] ? `wrote to ${text(entry["to"])}` : "wrote", entry["body"]);
    default: return say(entry.kind.replaceAll("_", " "));
  }
}

export function sessionNote(session: Session): string | undefined {
  switch (session.status) {
    case "requested": return session.pending ?? `waiting for a host in pool ${session.pool}`;
    case "needs_input": return session.question;
    case "failed": return session.failure;
    case "lost": return session.lostReason;
    case "exited": return session.code ? `exit code ${session.code}` : session.lastUpdate;
    case "starting": return `on ${session.node ?? "a host"}`;
    case "active":
    case "stopped": return session.lastUpdate;
  }
}

/** Only those that tell something to a person who watches: most messages repeat what an event of a task says. */
export const isNews = (entry: TimelineEntry): boolean =>
  !entry.entity.startsWith("message/") && entry.kind !== "subtask_moved";

/** The same phrase where its object is understood. */
export const bare = (phrase: string): string => phrase.replace(/( on| of| to|:)$/, "");
