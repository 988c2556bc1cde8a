import { beforeEach, describe, expect, it } from "vitest";
import type { Reply } from "./frame";
import { LOST } from "./connection";
import { mayWait, Outbox, OUTBOX_LIFE, OUTBOX_LIMIT, type Entry, type Outcome, type Shelf } from "./outbox";

class Memory implements Shelf {
  private readonly kept = new Map<string, string>();
  get length() { return this.kept.size; }
  key(index: number) { return [...this.kept.keys()][index] ?? null; }
  getItem(key: string) { return this.kept.get(key) ?? null; }
  setItem(key: string, value: string) { this.kept.set(key, value); }
  removeItem(key: string) { this.kept.delete(key); }
}

const done = (id: string): Reply => ({ type: "reply", id, success: true, data: { id: "t1" }, seq: 1 });
const refused = (id: string, error: string, retryable = false): Reply => ({ type: "reply", id, success: false, error, message: `it is ${error}`, retryable });

let shelf: Memory;
let connected: boolean;
let ledger: string | null;
let sent: Entry[];
let answers: ((entry: Entry) => Reply)[];
let ended: [Entry, Outcome][];
let now: number;
let later: (() => void)[];

const make = () => new Outbox({
  shelf, now: () => now, isConnected: () => connected, ledger: () => ledger,
  send: (entry) => {
    sent.push(entry);
    return Promise.resolve((answers.shift() ?? ((each) => done(each.id)))(entry));
  },
  onChange: () => {}, onEnd: (entry, outcome) => ended.push([entry, outcome]), later: (what) => later.push(what),
});
const task = (title: string) => ({ project: "web", entity: "task", verb: "create", data: { title }, label: `New task ${title}` });
const start = (id: string, verb = "start") => ({ project: "web", entity: "task", verb, data: { task: id }, label: `${verb} ${id}` });
const settle = async () => { for (let i = 0; i < 50; i++) await Promise.resolve(); };

beforeEach(() => {
  shelf = new Memory();
  connected = true;
  ledger = "L1";
  sent = [];
  answers = [];
  ended = [];
  now = 1_000_000;
  later = [];
});

describe("connected", () => {
  it("sends at once and is empty when it is acknowledged", async () => {
    const outbox = make();
    expect((await outbox.put(task("a"))).state).toBe("done");
    expect(outbox.list()).toEqual([]);
    expect(shelf.length).toBe(0);
  });

  it("tells a refusal to whoever waits for it, and keeps nothing", async () => {
    const outbox = make();
    answers.push((entry) => refused(entry.id, "invalid_transition"));
    expect(await outbox.put(start("t1"))).toMatchObject({ state: "refused", refused: { error: "invalid_transition" } });
    expect(outbox.list()).toEqual([]);
  });

  it("keeps what nobody answered and sends it again under the same id", async () => {
    const outbox = make();
    answers.push((entry) => refused(entry.id, "overloaded", true));
    expect((await outbox.put(task("a"))).state).toBe("queued");
    expect(outbox.list()).toHaveLength(1);
    later.forEach((what) => what());
    await settle();
    expect(sent.map((entry) => entry.id)).toEqual([sent[0]?.id, sent[0]?.id]);
    expect(outbox.list()).toEqual([]);
    expect(ended.map(([, outcome]) => outcome.state)).toEqual(["done"]);
  });
});

describe("cut off", () => {
  it("queues, survives a reload, and sends in order with the ids it was given", async () => {
    connected = false;
    const before = make();
    for (const title of ["a", "b", "c"]) expect((await before.put(task(title))).state).toBe("queued");
    const ids = before.list().map((entry) => entry.id);
    const after = make();
    expect(after.list().map((entry) => entry.id)).toEqual(ids);
    connected = true;
    after.flush();
    await settle();
    expect(sent.map((entry) => [entry.id, entry.data["title"]])).toEqual(ids.map((id, i) => [id, "abc"[i]]));
    expect(after.list()).toEqual([]);
    expect(shelf.length).toBe(0);
  });

  it("sends what is about one task one after the other, the rest beside it", async () => {
    connected = false;
    const outbox = make();
    await outbox.put(start("t1"));
    await outbox.put(start("t1", "complete"));
    await outbox.put(start("t2"));
    connected = true;
    outbox.flush();
    expect(sent.map((entry) => entry.label)).toEqual(["start t1", "start t2"]);
    await settle();
    expect(sent.map((entry) => entry.label)).toEqual(["start t1", "start t2", "complete t1"]);
  });

  it("never keeps a stop", async () => {
    connected = false;
    const outbox = make();
    expect(mayWait("session", "stop")).toBe(false);
    expect(mayWait("session", "restart")).toBe(false);
    const stop = { project: "web", entity: "session", verb: "stop", data: { session: "s1" }, label: "Stop s1" };
    expect(await outbox.put(stop)).toMatchObject({ state: "refused", refused: { error: LOST } });
    connected = true;
    answers.push((entry) => refused(entry.id, LOST, true));
    expect((await outbox.put(stop)).state).toBe("refused");
    expect(outbox.list()).toEqual([]);
  });

  it("never keeps a stop that nobody answered, neither for a reload nor for its turn", async () => {
    const stop = (id: string) => ({ project: "web", entity: "session", verb: "stop", data: { session: id }, label: `Stop ${id}` });
    let answer: (reply: Reply) => void = () => {};
    const outbox = new Outbox({
      shelf, now: () => now, isConnected: () => connected, ledger: () => ledger, onChange: () => {}, onEnd: () => {}, later: () => {},
      send: (entry) => { sent.push(entry); return new Promise((settle) => { answer = settle; }); },
    });
    const outcomes = [outbox.put(stop("s1")), outbox.put(stop("s1"))];
    expect(sent).toHaveLength(1);
    expect(shelf.length, "under way it is not kept").toBe(0);
    connected = false;
    answer(refused(sent[0]?.id ?? "", LOST, true));
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatchObject({ state: "refused", refused: { error: LOST } });
    expect(outbox.list()).toEqual([]);
    // One that an older page kept.
    shelf.setItem("maestro.outbox.01A", JSON.stringify({ ...stop("s1"), id: "01A", at: now, state: "sending" }));
    expect(make().list()).toEqual([]);
  });

  it("does not send to another ledger what was said to this one, says so, and sends it when it is wanted", async () => {
    connected = false;
    const outbox = make();
    await outbox.put(task("of the old one"));
    ledger = null;
    await outbox.put(task("before the first welcome"));
    [connected, ledger] = [true, "L2"];
    outbox.flush();
    await settle();
    expect(sent.map((entry) => entry.data["title"])).toEqual(["before the first welcome"]);
    const [failed] = outbox.list();
    expect(failed).toMatchObject({ state: "failed", error: { code: "other_ledger" } });
    outbox.retry(failed?.id ?? "");
    await settle();
    expect(sent.at(-1)).toMatchObject({ data: { title: "of the old one" }, ledger: "L2" });
    expect(outbox.list()).toEqual([]);
  });

  it("takes so many at most", async () => {
    connected = false;
    const outbox = make();
    for (let n = 0; n < OUTBOX_LIMIT; n++) await outbox.put(task(`${n}`));
    expect((await outbox.put(task("one more"))).state).toBe("refused");
    expect(outbox.list()).toHaveLength(OUTBOX_LIMIT);
  });

  it("does not send what is older than a day, and shows it", async () => {
    connected = false;
    const outbox = make();
    await outbox.put(task("old"));
    now += OUTBOX_LIFE + 1;
    connected = true;
    outbox.flush();
    expect(sent).toEqual([]);
    expect(outbox.list()).toMatchObject([{ state: "failed", error: { code: "expired" } }]);
  });

  it("shows what was refused later until it is dismissed or sent again, under a new id", async () => {
    connected = false;
    const outbox = make();
    await outbox.put(start("t9"));
    connected = true;
    answers.push((entry) => refused(entry.id, "task_not_found"));
    outbox.flush();
    await settle();
    const [failed] = outbox.list();
    expect(failed).toMatchObject({ state: "failed", error: { code: "task_not_found" } });
    expect(make().list()).toMatchObject([{ state: "failed" }]);
    outbox.retry(failed?.id ?? "");
    await settle();
    expect(sent[1]?.id).not.toBe(failed?.id);
    expect(outbox.list()).toEqual([]);
    expect(shelf.length).toBe(0);
  });

  it("survives rubbish in the browser's store", () => {
    shelf.setItem("maestro.outbox.x", "{");
    shelf.setItem("maestro.outbox.y", '{"id":7}');
    shelf.setItem("other", "{}");
    expect(make().list()).toEqual([]);
  });
});
