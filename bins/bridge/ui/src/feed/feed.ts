// What the ledger says, kept by pure functions: frames in, a new state out. No clock, no socket, no React.

import type { LedgerEvent, Session, Task, TimelineEntry } from "../model/entity";
import type { Commit, SnapshotPage } from "./frame";

/** Entries of the timeline that are kept. */
export const TIMELINE_LIMIT = 400;

export interface Feed {
  readonly ledger: string | null;
  readonly project: string | null;
  /** The last commit that is in here; null before the first snapshot. */
  readonly seq: number | null;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly sessions: ReadonlyMap<string, Session>;
  /** The newest first. */
  readonly timeline: readonly TimelineEntry[];
  /** Pages of a snapshot that is not whole yet. */
  readonly pages: readonly SnapshotPage[];
}

export const emptyFeed = (ledger: string | null = null, project: string | null = null): Feed => ({
  ledger,
  project,
  seq: null,
  tasks: new Map(),
  sessions: new Map(),
  timeline: [],
  pages: [],
});

/** What a frame did: the new state, and whether a commit is missing before it. */
export interface Step {
  feed: Feed;
  gap: boolean;
}

/** A page; the state is replaced when the last one is there. Pages that do not continue the others begin anew. */
export function takePage(feed: Feed, page: SnapshotPage): Feed {
  if (page.project !== feed.project) return feed;
  if (page.page !== 0 && page.page !== feed.pages.length) return feed;
  const pages = page.page === 0 ? [page] : [...feed.pages, page];
  if (!page.last) return { ...feed, pages };
  const tasks = new Map<string, Task>();
  const sessions = new Map<string, Session>();
  for (const { tasks: some, sessions: others } of pages) {
    for (const task of some) keepNewer(tasks, task);
    for (const session of others) keepNewer(sessions, session);
  }
  // Commits go on behind the page that is the oldest; what they repeat has no higher `rev`.
  const seq = Math.min(...pages.map((each) => each.seq));
  const timeline = mergeTimeline(feed.timeline, pages.flatMap((each) => each.timeline ?? []));
  return { ...feed, seq, tasks, sessions, timeline, pages: [] };
}

/** A commit, applied whole. One that is here already changes nothing. */
export function takeCommit(feed: Feed, commit: Commit): Step {
  if (commit.project !== feed.project || feed.seq === null || commit.seq <= feed.seq) return { feed, gap: false };
  // `prev` may lie before a snapshot's `seq`, never behind the last commit that we have.
  if (commit.prev !== undefined && commit.prev > feed.seq) return { feed, gap: true };
  let { tasks, sessions } = feed as { tasks: ReadonlyMap<string, Task>; sessions: ReadonlyMap<string, Session> };
  const entries: TimelineEntry[] = [];
  for (const event of commit.events) {
    const [entity, id] = split(event.subject);
    const kind = event.data?.change?.kind;
    if (entity === "task" && id) tasks = applyEntity<Task>(tasks, id, event, kind === "deleted");
    else if (entity === "session" && id) sessions = applyEntity<Session>(sessions, id, event, false);
    else if (event.type === "maestro.project.purged") {
      tasks = new Map();
      sessions = new Map();
    }
    const entry = toEntry(commit.seq, event);
    if (entry) entries.unshift(entry);
  }
  const timeline = entries.length ? mergeTimeline(feed.timeline, entries) : feed.timeline;
  return { feed: { ...feed, seq: commit.seq, tasks, sessions, timeline }, gap: false };
}

function applyEntity<T extends { rev: number }>(
  map: ReadonlyMap<string, T>,
  id: string,
  event: LedgerEvent,
  gone: boolean,
): ReadonlyMap<string, T> {
  if (gone) {
    if (!map.has(id)) return map;
    const next = new Map(map);
    next.delete(id);
    return next;
  }
  const after = event.data?.after as T | undefined;
  if (!after) return map;
  const before = map.get(id);
  if (before && before.rev >= after.rev) return map;
  return new Map(map).set(id, after);
}

function keepNewer<T extends { id: string; rev: number }>(map: Map<string, T>, entity: T): void {
  const before = map.get(entity.id);
  if (!before || before.rev < entity.rev) map.set(entity.id, entity);
}

function toEntry(seq: number, event: LedgerEvent): TimelineEntry | null {
  const change = event.data?.change;
  if (!change?.kind) return null;
  return { ...change, kind: change.kind, seq, id: event.id, at: event.time, actor: event.actor, entity: event.subject };
}

/** The newest first, each once, bounded. */
function mergeTimeline(known: readonly TimelineEntry[], more: readonly TimelineEntry[]): TimelineEntry[] {
  const byId = new Map<string, TimelineEntry>();
  for (const entry of [...more, ...known]) if (!byId.has(entry.id)) byId.set(entry.id, entry);
  const all = [...byId.values()];
  // Stable: entries of one commit keep their order.
  all.sort((a, b) => b.seq - a.seq || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
  return all.slice(0, TIMELINE_LIMIT);
}

function split(subject: string): [string, string | undefined] {
  const slash = subject.indexOf("/");
  return slash < 0 ? [subject, undefined] : [subject.slice(0, slash), subject.slice(slash + 1)];
}
