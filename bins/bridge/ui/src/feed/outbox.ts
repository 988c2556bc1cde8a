// Commands that are not acknowledged yet. They survive a reload, go out under their own ids, so that whatever happened to
// the first attempt they are carried out once, and they stay to be seen when they were refused.

import { LOST } from "./connection";
import type { Refused, Reply } from "./frame";
import { ulid } from "./ulid";

export const OUTBOX_LIMIT = 500;
export const OUTBOX_LIFE = 24 * 3600_000;
const PREFIX = "maestro.outbox.";
const PAUSE = 2000;
/** Commands under way at once; the bridge takes 32 of one client. */
const AT_ONCE = 8;

export interface Entry {
  id: string;
  project: string;
  entity: string;
  verb: string;
  data: Record<string, unknown>;
  /** What a person calls it: `Complete t3`. */
  label: string;
  at: number;
  state: "waiting" | "sending" | "failed";
  /** The ledger that it was said to. */
  ledger?: string | undefined;
  /** It had to wait for the connection: its end is told even if nobody looks. */
  delayed?: boolean;
  error?: { code: string; message: string; hint?: string | undefined };
}

/** How a command ended. `queued`: it is kept and goes out later. */
export type Outcome = { state: "done"; reply: Extract<Reply, { success: true }> } | { state: "refused"; refused: Refused } | { state: "queued" };

/** What makes no sense later is never queued: a stop, or a restart, that arrives in an hour ends something else. */
export const mayWait = (entity: string, verb: string): boolean =>
  !(entity === "session" && (verb === "stop" || verb === "restart")) && !(entity === "project" && verb === "purge");

export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  key(index: number): string | null;
  readonly length: number;
}

export interface Ways {
  shelf: Shelf;
  now(): number;
  isConnected(): boolean;
  /** The ledger that the page shows; null before the first welcome. */
  ledger(): string | null;
  send(entry: Entry): Promise<Reply>;
  /** The entries as they are now, the oldest first. */
  onChange(entries: readonly Entry[]): void;
  /** One that had waited has come to its end. */
  onEnd(entry: Entry, outcome: Outcome): void;
  later(what: () => void, delay: number): void;
}

export class Outbox {
  private entries = new Map<string, Entry>();
  private waiting = new Map<string, (outcome: Outcome) => void>();
  private sending = 0;

  constructor(private readonly ways: Ways) {
    this.load();
  }

  /** Reads what this or another tab left. */
  load(): void {
    const { shelf } = this.ways;
    for (let index = 0; index < shelf.length; index++) {
      const key = shelf.key(index);
      if (!key?.startsWith(PREFIX)) continue;
      const entry = parse(shelf.getItem(key));
      if (entry && mayWait(entry.entity, entry.verb) && !this.entries.has(entry.id)) {
        this.entries.set(entry.id, { ...entry, state: entry.state === "failed" ? "failed" : "waiting", delayed: true });
      }
    }
    this.changed();
  }

  /** Another tab has taken it away. */
  forget(key: string): void {
    if (!key.startsWith(PREFIX)) return;
    if (this.entries.delete(key.slice(PREFIX.length))) this.changed();
  }

  list(): readonly Entry[] {
    return [...this.entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Sends now or as soon as there is a connection. */
  put(command: Pick<Entry, "project" | "entity" | "verb" | "data" | "label">): Promise<Outcome> {
    const refuse = (error: string, message: string): Promise<Outcome> =>
      Promise.resolve({ state: "refused", refused: { success: false, error, message } });
    const connected = this.ways.isConnected();
    if (!connected && !mayWait(command.entity, command.verb)) return refuse(LOST, notKept(command.label));
    const open = [...this.entries.values()].filter((entry) => entry.state !== "failed").length;
    if (open >= OUTBOX_LIMIT) return refuse("overloaded", `${OUTBOX_LIMIT} commands wait already; nothing more is taken until some are sent.`);
    const entry: Entry = { ...command, id: ulid(), at: this.ways.now(), state: "waiting", ledger: this.ways.ledger() ?? undefined };
    this.entries.set(entry.id, entry);
    this.keep(entry);
    return new Promise((settle) => {
      this.waiting.set(entry.id, settle);
      if (!connected) this.queued(entry);
      else this.flush();
      this.changed();
    });
  }

  /** Sends what waits, some at once; what is about the same thing goes one after the other, in the order it was said. */
  flush(): void {
    if (!this.ways.isConnected()) return this.giveUp();
    const ledger = this.ways.ledger();
    const busy = new Set<string>();
    for (const entry of this.list()) {
      if (this.sending >= AT_ONCE) return;
      if (entry.state === "failed" || (entry.state === "waiting" && this.isPast(entry, ledger))) continue;
      const about = subject(entry);
      if (busy.has(about)) continue;
      busy.add(about);
      if (entry.state === "waiting") void this.send(entry);
    }
  }

  retry(id: string): void {
    const entry = this.entries.get(id);
    if (entry?.state !== "failed") return;
    // A refusal is an answer: the same id would get it again.
    this.drop(id);
    const again: Entry = { ...entry, id: ulid(), at: this.ways.now(), state: "waiting", delayed: true, ledger: this.ways.ledger() ?? undefined };
    delete again.error;
    this.entries.set(again.id, again);
    this.keep(again);
    this.changed();
    this.flush();
  }

  drop(id: string): void {
    const entry = this.entries.get(id);
    if (!entry || entry.state === "sending") return;
    this.remove(id);
    this.changed();
  }

  private async send(entry: Entry): Promise<void> {
    this.sending += 1;
    this.set(entry.id, { state: "sending" });
    const reply = await this.ways.send(entry);
    this.sending -= 1;
    const current = this.entries.get(entry.id) ?? entry;
    if (reply.success) this.end(current, { state: "done", reply });
    else if (reply.retryable && mayWait(entry.entity, entry.verb)) {
      this.set(entry.id, { state: "waiting" });
      this.queued(current);
      if (reply.error !== LOST) this.ways.later(() => this.flush(), PAUSE);
    } else this.end(current, { state: "refused", refused: reply });
    this.flush();
  }

  /** What is too old, or was said to another ledger, is not sent; it says so. */
  private isPast(entry: Entry, ledger: string | null): boolean {
    const old = this.ways.now() - entry.at > OUTBOX_LIFE;
    const elsewhere = entry.ledger && ledger && entry.ledger !== ledger;
    if (old) this.refuse(entry, "expired", "It waited for more than a day and was not sent.");
    else if (elsewhere) this.refuse(entry, "other_ledger", "The ledger is another one than when it was said (it was restored, or begun anew), so it was not sent.");
    return old || Boolean(elsewhere);
  }

  /** What makes no sense later does not wait for its turn through an outage either. */
  private giveUp(): void {
    for (const entry of this.list()) {
      if (entry.state === "waiting" && !mayWait(entry.entity, entry.verb)) this.refuse(entry, LOST, notKept(entry.label));
    }
  }

  private refuse(entry: Entry, error: string, message: string): void {
    this.end(entry, { state: "refused", refused: { success: false, error, message } });
  }

  private queued(entry: Entry): void {
    this.set(entry.id, { delayed: true });
    this.waiting.get(entry.id)?.({ state: "queued" });
    this.waiting.delete(entry.id);
  }

  private end(entry: Entry, outcome: Outcome): void {
    const settle = this.waiting.get(entry.id);
    this.waiting.delete(entry.id);
    if (outcome.state === "refused" && !settle) {
      const { error, message, suggestion } = outcome.refused;
      const failed: Entry = { ...entry, state: "failed", error: { code: error, message, hint: suggestion } };
      this.entries.set(entry.id, failed);
      this.keep(failed);
    } else this.remove(entry.id);
    if (settle) settle(outcome);
    else this.ways.onEnd(entry, outcome);
    this.changed();
  }

  private set(id: string, change: Partial<Entry>): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.set(id, { ...entry, ...change });
    this.changed();
  }

  private remove(id: string): void {
    this.entries.delete(id);
    this.ways.shelf.removeItem(PREFIX + id);
  }

  private keep(entry: Entry): void {
    if (!mayWait(entry.entity, entry.verb)) return;
    try {
      this.ways.shelf.setItem(PREFIX + entry.id, JSON.stringify(entry));
    } catch {
      // The browser's store is full or forbidden: then it lives as long as the page.
    }
  }

  private changed(): void {
    this.ways.onChange(this.list());
  }
}

const notKept = (label: string): string => `There is no connection. “${label}” is not kept for later, because it may mean something else then.`;

/** What a command is about; new things have their order too. */
export function subject({ project, entity, verb, data }: Pick<Entry, "project" | "entity" | "verb" | "data">): string {
  const about = data["task"] ?? data["session"] ?? data["to"];
  return `${project} ${typeof about === "string" ? about : `${entity}.${verb}`}`;
}

function parse(text: string | null): Entry | null {
  try {
    const entry = JSON.parse(text ?? "") as Partial<Entry>;
    const whole = typeof entry.id === "string" && typeof entry.project === "string" && typeof entry.entity === "string"
      && typeof entry.verb === "string" && typeof entry.at === "number" && typeof entry.data === "object";
    return whole ? ({ label: `${entry.entity} ${entry.verb}`, state: "waiting", ...entry } as Entry) : null;
  } catch {
    return null;
  }
}
