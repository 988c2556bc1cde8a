import { describe, expect, it } from "vitest";
import type { LedgerEvent, Task } from "../model/entity";
import { emptyFeed, takeCommit, takePage, TIMELINE_LIMIT, type Feed } from "./feed";
import type { Commit, SnapshotPage } from "./frame";

const at = "2026-01-01T00:00:00Z";

const task = (id: string, rev: number, title = `title of ${id}`): Task => ({
  id, rev, title, status: "pending", priority: "medium", claims: 0, lastSubtask: 0, releases: 0,
  createdBy: "ann", createdAt: at, updatedBy: "ann", updatedAt: at,
});

const event = (n: number, subject: string, kind: string, after?: unknown): LedgerEvent => ({
  id: `E${String(n).padStart(6, "0")}`,
  type: `maestro.${subject.split("/")[0]}.${kind}`,
  subject, time: at, actor: "ann",
  data: after === undefined ? { change: { kind } } : { change: { kind }, after },
});

const page = (n: number, seq: number, tasks: Task[], last = false): SnapshotPage => ({
  type: "snapshot", project: "web", seq, page: n, last, tasks, sessions: [],
});

const commit = (seq: number, events: LedgerEvent[], prev?: number): Commit =>
  prev === undefined
    ? { type: "commit", project: "web", seq, events }
    : { type: "commit", project: "web", seq, prev, events };

const loaded = (seq = 10): Feed => takePage(emptyFeed("L", "web"), page(0, seq, [task("t1", 1)], true));

describe("snapshots", () => {
  it("replace the state only when they are whole", () => {
    const half = takePage(loaded(), page(0, 20, [task("t2", 1)]));
    expect([...half.tasks.keys()]).toEqual(["t1"]);
    const whole = takePage(half, page(1, 19, [task("t3", 1)], true));
    expect([...whole.tasks.keys()]).toEqual(["t2", "t3"]);
    expect(whole.seq).toBe(19);
    expect(whole.pages).toEqual([]);
  });

  it("begin anew with page 0 and ignore pages that do not continue them", () => {
    let feed = takePage(emptyFeed("L", "web"), page(0, 5, [task("t1", 1)]));
    feed = takePage(feed, page(2, 5, [task("t9", 1)], true));
    expect(feed.seq).toBeNull();
    feed = takePage(feed, page(0, 7, [task("t2", 1)]));
    feed = takePage(feed, page(1, 7, [], true));
    expect([...feed.tasks.keys()]).toEqual(["t2"]);
  });

  it("of another project change nothing", () => {
    const feed = loaded();
    expect(takePage(feed, { ...page(0, 5, [], true), project: "other" })).toBe(feed);
  });
});

describe("commits", () => {
  it("are applied whole and move the sequence", () => {
    const { feed } = takeCommit(loaded(), commit(11, [
      event(1, "task/t2", "created", task("t2", 1)),
      event(2, "task/t1", "updated", task("t1", 2, "new title")),
    ], 10));
    expect(feed.seq).toBe(11);
    expect(feed.tasks.get("t1")?.title).toBe("new title");
    expect(feed.tasks.has("t2")).toBe(true);
    expect(feed.timeline.map((entry) => entry.kind)).toEqual(["updated", "created"]);
  });

  it("that are known change nothing", () => {
    const feed = loaded(10);
    expect(takeCommit(feed, commit(10, [event(1, "task/t1", "updated", task("t1", 9))])).feed).toBe(feed);
  });

  it("never take an entity back: the higher rev wins", () => {
    const feed = takePage(emptyFeed("L", "web"), page(0, 10, [task("t1", 5, "from the snapshot")], true));
    const step = takeCommit(feed, commit(11, [event(1, "task/t1", "updated", task("t1", 4, "older"))]));
    expect(step.feed.tasks.get("t1")?.title).toBe("from the snapshot");
    expect(step.feed.seq).toBe(11);
  });

  it("remove what is deleted, and do not mind when it is gone", () => {
    const once = takeCommit(loaded(), commit(11, [event(1, "task/t1", "deleted")])).feed;
    expect(once.tasks.size).toBe(0);
    const twice = takeCommit(once, commit(12, [event(2, "task/t1", "deleted")]));
    expect(twice.feed.tasks.size).toBe(0);
    expect(twice.feed.seq).toBe(12);
  });

  it("with a hole before them are not applied and say so", () => {
    const feed = loaded(10);
    const step = takeCommit(feed, commit(15, [], 13));
    expect(step).toEqual({ feed, gap: true });
    expect(takeCommit(feed, commit(15, [], 10)).gap).toBe(false);
    expect(takeCommit(feed, commit(15, [], 4)).gap).toBe(false);
  });

  it("before a snapshot wait for it", () => {
    const feed = emptyFeed("L", "web");
    expect(takeCommit(feed, commit(1, [], 0)).feed).toBe(feed);
  });

  it("say of a message to whom it goes and what it is about", () => {
    const message = event(1, "message/m1", "queued", { id: "m1", rev: 1, to: "s1", task: "t1" });
    const { feed } = takeCommit(loaded(), commit(11, [message]));
    expect(feed.timeline[0]).toMatchObject({ kind: "queued", to: "s1", task: "t1" });
  });

  it("with unknown events and shapes are survived", () => {
    const odd = { ...event(1, "starship/x1", "launched"), data: {} };
    const { feed } = takeCommit(loaded(), commit(11, [odd, event(2, "project", "archived")]));
    expect(feed.seq).toBe(11);
    expect(feed.timeline).toHaveLength(1);
  });

  it("of a purge empty the project", () => {
    const { feed } = takeCommit(loaded(), commit(11, [event(1, "project", "purged")]));
    expect(feed.tasks.size).toBe(0);
  });
});

it("the timeline has each entry once and is bounded", () => {
  let feed = loaded(0);
  for (let seq = 1; seq <= TIMELINE_LIMIT + 50; seq++) {
    feed = takeCommit(feed, commit(seq, [event(seq, "task/t1", "comment")])).feed;
  }
  expect(feed.timeline).toHaveLength(TIMELINE_LIMIT);
  expect(feed.timeline[0]?.seq).toBe(TIMELINE_LIMIT + 50);
  const again = takePage(feed, { ...page(0, 460, [], true), timeline: [...feed.timeline.slice(0, 5)] });
  expect(new Set(again.timeline.map((entry) => entry.id)).size).toBe(TIMELINE_LIMIT);
});

it("a snapshot and all commits end in the same state from wherever the snapshot was taken", () => {
  const commits: Commit[] = [];
  const revs = new Map<string, number>();
  for (let seq = 1; seq <= 200; seq++) {
    const id = `t${(seq * 7) % 13}`;
    const gone = seq % 17 === 0;
    const rev = (revs.get(id) ?? 0) + 1;
    revs.set(id, rev);
    commits.push(commit(seq, [gone ? event(seq, `task/${id}`, "deleted") : event(seq, `task/${id}`, "updated", task(id, rev, `at ${seq}`))], seq - 1));
  }
  const start = takePage(emptyFeed("L", "web"), page(0, 0, [], true));
  const play = (feed: Feed, list: Commit[]) => list.reduce((state, each) => takeCommit(state, each).feed, feed);
  const sorted = (feed: Feed) => [...feed.tasks.values()].sort((a, b) => a.id.localeCompare(b.id));
  const final = sorted(play(start, commits));
  for (const cut of [1, 50, 119, 199]) {
    // The snapshot is of `cut`, but a page may say an older `seq`: everything behind it is replayed.
    const there = [...play(start, commits.slice(0, cut)).tasks.values()];
    const feed = takePage(emptyFeed("L", "web"), page(0, Math.max(0, cut - 10), there, true));
    expect(sorted(play(feed, commits.slice(Math.max(0, cut - 10))))).toEqual(final);
  }
});
