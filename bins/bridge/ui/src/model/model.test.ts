import { describe, expect, it } from "vitest";
import { readBytes, writeInput } from "../feed/frame";
import { formatRoute, parseRoute, VIEWS } from "../store/route";
import { place, shapeOf } from "../view/graph/layout";
import { rowsOf } from "../view/list/rows";
import { busiest, currentStep, needs, openDependencies, throughput } from "./derive";
import { idNumber, later, type Project, type Session, type Task, type TaskStatus } from "./entity";
import { matches, parseFilter } from "./filter";
import { groupsOf, narrower, regroup } from "./groups";
import { parseQuick } from "./quick";

const at = "2026-01-01T00:00:00Z";
const task = (id: string, status: TaskStatus = "pending", more: Partial<Task> = {}): Task => ({
  id, rev: 1, title: `title of ${id}`, priority: "medium", claims: 0, lastSubtask: 0, releases: 0, createdBy: "ann", createdAt: at,
  updatedBy: "ann", updatedAt: at, status, completedAt: at, completedBy: "ann", blockedAt: at, blockedKind: "reported", blockedReason: "why",
  startedAt: at, submittedAt: at, cancelledAt: at, ...more,
} as Task);
const map = <T extends { id: string }>(...all: T[]) => new Map(all.map((each) => [each.id, each]));

describe("addresses", () => {
  it("lead back to what they were made from", () => {
    for (const view of VIEWS) {
      for (const open of [null, "t12"]) {
        const route = { project: "web", view, task: open, session: view === "sessions" ? "s3" : null };
        expect(parseRoute(formatRoute(route))).toEqual(route);
      }
    }
    expect(parseRoute("/")).toEqual({ project: null, view: "control", task: null, session: null });
    expect(parseRoute("/p/web/t/t1")).toMatchObject({ view: "control", task: "t1" });
  });

  it("that make no sense lead to mission control", () => {
    for (const path of ["/x", "/p", "/p/%zz", "/p/web/nowhere"]) expect(parseRoute(path).view).toBe("control");
    for (const path of ["/p/Web", "/p/-web", "/p/a.b/board", `/p/${"a".repeat(33)}`]) expect(parseRoute(path).project).toBeNull();
  });
});

describe("searching", () => {
  const ui = task("t1", "blocked", { labels: ["ui"], priority: "high", claim: { actor: "s3", number: 1, since: at } });
  it("holds every word and any of a field's values", () => {
    for (const text of ["", "title", "t1", "label:ui", "status:blocked", "is:blocked by:s3", "priority:high title", "status:pending status:blocked"]) {
      expect(matches(ui, parseFilter(text)), text).toBe(true);
    }
    for (const text of ["nothing", "label:api", "status:pending", "by:ann2", "title label:api"]) expect(matches(ui, parseFilter(text)), text).toBe(false);
  });
  it("takes labels and priority out of a quick line", () => {
    expect(parseQuick("Fix the parser #ui #a11y !!")).toEqual({ title: "Fix the parser", labels: ["ui", "a11y"], priority: "high" });
    expect(parseQuick("C# and 1!")).toEqual({ title: "C# and 1!", labels: [] });
  });
});

it("what waits for a person comes by urgency", () => {
  const asks = { id: "s1", rev: 1, name: "one", status: "needs_input", question: "which?", updatedAt: at } as Session;
  const all = needs(groupsOf([task("t1", "in_review"), task("t2", "blocked"), task("t3")]), map(asks));
  expect(all.map((need) => need.key)).toEqual(["s1", "t2", "t1"]);
});

describe("groups", () => {
  const STATUSES: TaskStatus[] = ["pending", "in_progress", "in_review", "blocked", "completed", "cancelled"];
  const PRIORITIES = ["critical", "high", "medium", "low"] as const;

  it("kept up with every change are those that are made anew", () => {
    // A fixed sequence that looks like chance.
    let seed = 7;
    const chance = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    let tasks = new Map<string, Task>();
    let groups = groupsOf([]);
    for (let round = 0; round < 200; round++) {
      const next = new Map(tasks);
      const changed = new Set<string>();
      for (let n = chance(6); n >= 0; n--) {
        const id = `t${1 + chance(40)}`;
        changed.add(id);
        if (chance(8) === 0) next.delete(id);
        else next.set(id, task(id, STATUSES[chance(6)], { rev: round + 2, priority: PRIORITIES[chance(4)]!, updatedAt: `2026-01-01T00:00:${String(chance(60)).padStart(2, "0")}Z` }));
      }
      groups = regroup(groups, changed, tasks, next);
      tasks = next;
      expect(groups).toEqual(groupsOf(tasks.values()));
    }
  });

  it("that nothing changed in stay the same, filtered or not", () => {
    const before = map(task("t1"), task("t2", "blocked"));
    const after = new Map(before).set("t1", task("t1", "pending", { rev: 2 }));
    const old = groupsOf(before.values());
    const next = regroup(old, new Set(["t1"]), before, after);
    expect(next.blocked).toBe(old.blocked);
    expect(next.pending[0]?.rev).toBe(2);
    const narrow = narrower();
    const filter = parseFilter("title");
    const first = narrow(old, filter);
    const second = narrow(next, filter);
    expect(second.blocked).toBe(first.blocked);
    expect(second.pending).not.toBe(first.pending);
    expect(narrow(next, parseFilter("nothing")).blocked).toEqual([]);
  });
});

it("ids sort as numbers and times the latest first", () => {
  expect(["t10", "t2", "st3", "x"].map(idNumber)).toEqual([10, 2, 3, 0]);
  expect([at, "2026-01-02T00:00:00Z"].sort(later)).toEqual(["2026-01-02T00:00:00Z", at]);
});

it("throughput counts what was completed in each span, the latest last", () => {
  const now = Date.parse(at) + 25 * 60_000;
  const late = new Date(now - 1000).toISOString();
  const old = new Date(now - 3_600_000).toISOString();
  const { completed } = groupsOf([
    task("t1", "completed"), task("t2", "completed", { completedAt: late, updatedAt: late } as Partial<Task>), task("t3"),
    task("t4", "completed", { completedAt: old, updatedAt: late } as Partial<Task>), task("t5", "completed", { completedAt: old, updatedAt: old } as Partial<Task>),
  ]);
  expect(throughput(completed, now, 600_000, 3)).toEqual([1, 0, 1]);
});

it("steps and dependencies that are open", () => {
  const steps = [{ id: "st1", title: "a", completed: true, createdAt: at }, { id: "st2", title: "b", completed: false, createdAt: at }];
  const one = task("t2", "in_progress", { subtasks: steps, dependsOn: ["t1", "t9"] } as Partial<Task>);
  expect(currentStep(one)?.id).toBe("st2");
  expect(openDependencies(one, map(task("t1", "completed")))).toEqual(["t9"]);
});

it("the list is a tree of groups, tasks and steps", () => {
  const steps = [{ id: "st1", title: "a", completed: true, createdAt: at }];
  const rows = rowsOf(groupsOf([task("t2"), task("t1", "blocked", { subtasks: steps } as Partial<Task>)]), new Set(["pending"]), new Set(["t1"]));
  expect(rows.map((row) => row.key)).toEqual(["blocked", "t1", "t1 st1", "pending"]);
});

it("the graph puts what depends on others behind them", () => {
  const shape = shapeOf([task("t1"), task("t2", "pending", { dependsOn: ["t1"] }), task("t3")], false);
  expect(shape).toEqual({ nodes: ["t1", "t2"], edges: [["t1", "t2"]] });
  const [first, second] = place(shape);
  expect(first!.x).toBeLessThan(second!.x);
});

it("the busiest project has living sessions, else tasks, else it is the newest", () => {
  const project = (id: string, livingSessions: number, tasks: Project["tasks"], updatedAt: string) =>
    ({ id, title: id, livingSessions, tasks, updatedAt }) as Project;
  const [quiet, fresh] = [project("quiet", 0, {}, "2026-01-01"), project("fresh", 0, { pending: 0 }, "2026-02-01")];
  const [planned, lively] = [project("planned", 0, { pending: 3 }, "2025-01-01"), project("lively", 1, {}, "2024-01-01")];
  expect(busiest([])).toBeUndefined();
  expect(busiest([quiet, fresh])).toBe(fresh);
  expect(busiest([quiet, planned, fresh])).toBe(planned);
  expect(busiest([planned, lively, fresh])).toBe(lively);
});

it("binary frames are read as they are written", () => {
  const frame = new ArrayBuffer(15);
  const view = new DataView(frame);
  view.setUint8(0, 1);
  view.setUint32(1, 7);
  view.setBigUint64(5, 300n);
  expect(readBytes(frame)).toMatchObject({ kind: "screen", term: 7, offset: 300, bytes: new Uint8Array(2) });
  expect(readBytes(new ArrayBuffer(4))).toBeNull();
  view.setUint8(0, 9);
  expect(readBytes(frame)).toBeNull();
  expect([...writeInput(258, "é")]).toEqual([16, 0, 0, 1, 2, 0xc3, 0xa9]);
});
