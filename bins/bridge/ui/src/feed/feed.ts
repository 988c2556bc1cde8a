// What the ledger says, kept by pure functions: frames in, a new state out. No clock, no socket, no React.

import type { LedgerEvent, Session, Task, TimelineEntry } from "../model/entity";
import { groupsOf, NO_GROUPS, regroup, type Groups } from "../model/groups";
import type { Commit, SnapshotPage } from "./frame";

/** Entries of the timeline that are kept. */
export const TIMELINE_LIMIT = 1000;

export interface Feed {
  readonly ledger: string | null;
  readonly project: string | null;
  /** The last commit that is in here; null before the first snapshot. */
  readonly seq: number | null;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly sessions: ReadonlyMap<string, Session>;
  /** The same tasks by status, in their order. */
  readonly groups: Groups;
  /** The newest first. */
  readonly timeline: readonly TimelineEntry[];
  /** Pages of a snapshot that is not whole yet. */
  readonly pages: readonly SnapshotPage[];
}

export const emptyFeed = (ledger: string | null = null, project: string | null = null): Feed => ({
  ledger, project, seq: null, tasks: new Map(), sessions: new Map(), groups: NO_GROUPS, timeline: [], pages: [],
});

/** What frames did: the new state, and whether a commit is missing before one of them. */
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
  return { ...feed, seq, tasks, sessions, groups: groupsOf(tasks.values()), timeline, pages: [] };
}

/** A commit, applied whole. One that is here already changes nothing. */
export const takeCommit = (feed: Feed, commit: Commit): Step => takeFrames(feed, [commit]);

/** Frames in their order. The maps are copied once, however many commits there are; a gap ends it. */
export function takeFrames(feed: Feed, frames: readonly (Commit | SnapshotPage)[]): Step {
  let draft = new Draft(feed);
  for (const frame of frames) {
    if (frame.type === "snapshot") {
      draft = new Draft(takePage(draft.done(), frame));
    } else if (!draft.commit(frame)) {
      return { feed: draft.done(), gap: true };
    }
  }
  return { feed: draft.done(), gap: false };
}

class Draft {
  private tasks: Map<string, Task> | null = null;
  private sessions: Map<string, Session> | null = null;
  private entries: TimelineEntry[] = [];
  private changed = new Set<string>();
  private seq: number | null;

  constructor(private readonly feed: Feed) {
    this.seq = feed.seq;
  }

  /** False: a commit is missing before this one. */
  commit(commit: Commit): boolean {
    if (commit.project !== this.feed.project || this.seq === null || commit.seq <= this.seq) return true;
    // `prev` may lie before a snapshot's `seq`, never behind the last commit that we have.
    if (commit.prev !== undefined && commit.prev > this.seq) return false;
    for (const event of commit.events) this.event(commit.seq, event);
    this.seq = commit.seq;
    return true;
  }

  private event(seq: number, event: LedgerEvent): void {
    const [entity, id] = split(event.subject);
    const kind = event.data?.change?.kind;
    if (entity === "task" && id) {
      this.changed.add(id);
      this.tasks = apply(this.feed.tasks, this.tasks, id, event.data?.after as Task | undefined, kind === "deleted");
    } else if (entity === "session" && id) {
      this.sessions = apply(this.feed.sessions, this.sessions, id, event.data?.after as Session | undefined, false);
    } else if (event.type === "maestro.project.purged") {
      for (const id of (this.tasks ?? this.feed.tasks).keys()) this.changed.add(id);
      this.tasks = new Map();
      this.sessions = new Map();
    }
    const change = event.data?.change;
    if (change?.kind) {
      // Of a message the change is its words; to whom, and about which task, stands beside it.
      const { to, task } = (entity === "message" ? event.data?.after : undefined) as { to?: string; task?: string } | undefined ?? {};
      this.entries.push({ ...change, ...(to ? { to } : {}), ...(task ? { task } : {}), kind: change.kind, seq, id: event.id, at: event.time, actor: event.actor, entity: event.subject });
    }
  }

  done(): Feed {
    const { feed } = this;
    if (this.seq === feed.seq) return feed;
    const timeline = this.entries.length ? mergeTimeline(feed.timeline, this.entries.reverse()) : feed.timeline;
    const groups = this.tasks ? regroup(feed.groups, this.changed, feed.tasks, this.tasks) : feed.groups;
    return { ...feed, seq: this.seq, groups, tasks: this.tasks ?? feed.tasks, sessions: this.sessions ?? feed.sessions, timeline };
  }
}

/** The copy with the entity as it is now; no copy as long as nothing changed. */
function apply<T extends { rev: number }>(
  known: ReadonlyMap<string, T>, copy: Map<string, T> | null, id: string, after: T | undefined, gone: boolean,
): Map<string, T> | null {
  const now = copy ?? known;
  if (gone) {
    if (!now.has(id)) return copy;
    const next = copy ?? new Map(known);
    next.delete(id);
    return next;
  }
  if (!after) return copy;
  const before = now.get(id);
  if (before && before.rev >= after.rev) return copy;
  return (copy ?? new Map(known)).set(id, after);
}

function keepNewer<T extends { id: string; rev: number }>(map: Map<string, T>, entity: T): void {
  const before = map.get(entity.id);
  if (!before || before.rev < entity.rev) map.set(entity.id, entity);
}

/** The newest first, each once, bounded. `more` is the newest first too. */
export function mergeTimeline(known: readonly TimelineEntry[], more: readonly TimelineEntry[], limit = TIMELINE_LIMIT): TimelineEntry[] {
  const [newest, oldest] = [known[0]?.seq ?? -1, more.at(-1)?.seq];
  // The usual case: all of it is newer, and there is nothing to sort.
  if (oldest !== undefined && oldest > newest) return [...more, ...known].slice(0, limit);
  const byId = new Map<string, TimelineEntry>();
  for (const entry of [...more, ...known]) if (!byId.has(entry.id)) byId.set(entry.id, entry);
  const all = [...byId.values()];
  // Stable: entries of one commit keep their order.
  all.sort((a, b) => b.seq - a.seq || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
  return all.slice(0, limit);
}

function split(subject: string): [string, string | undefined] {
  const slash = subject.indexOf("/");
  return slash < 0 ? [subject, undefined] : [subject.slice(0, slash), subject.slice(slash + 1)];
}
