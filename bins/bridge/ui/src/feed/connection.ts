// One WebSocket to the bridge, for ever: backs off, comes back, continues from the last commit.

import type { Reply, ServerFrame } from "./frame";
import { ulid } from "./ulid";

export type Link =
  | { state: "connecting" }
  | { state: "connected" }
  | { state: "reconnecting"; at: number; attempt: number }
  | { state: "signed_out" };

export interface Position {
  project: string | null;
  ledger: string | null;
  since: number | null;
}

export interface Listener {
  onLink(link: Link): void;
  onFrame(frame: ServerFrame): void;
  /** Where to continue. */
  position(): Position;
}

const PING = 10_000;
/** Two missing answers. */
const DEAD = 25_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** Calls that wait for their reply. */
const CALLS = 500;

interface Call {
  text: string;
  settle(reply: Reply): void;
}

export class Connection {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private welcomed = false;
  private heard = 0;
  private timer: number | undefined;
  private beat: number | undefined;
  private calls = new Map<string, Call>();

  constructor(private readonly listener: Listener) {}

  open(): void {
    this.clear();
    this.welcomed = false;
    if (this.attempt === 0) this.listener.onLink({ state: "connecting" });
    const address = new URL("/ws", window.location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => {
      this.heard = Date.now();
      const { project, ledger, since } = this.listener.position();
      const resume = ledger !== null && since !== null ? { ledger, since } : {};
      socket.send(JSON.stringify({ type: "hello", version: 1, ...(project ? { project } : {}), ...resume }));
      this.beat = window.setInterval(() => this.ping(socket), PING);
    };
    socket.onmessage = (message) => {
      if (socket !== this.socket) return;
      this.heard = Date.now();
      this.receive(socket, JSON.parse(String(message.data)) as ServerFrame);
    };
    socket.onclose = () => {
      if (socket === this.socket) void this.lost();
    };
  }

  /** Does not wait for the countdown. */
  retryNow(): void {
    if (this.socket) return;
    this.open();
  }

  switch(project: string): void {
    this.raw({ type: "switch", project });
  }

  /** The state has a hole: everything anew. */
  resync(project: string): void {
    this.raw({ type: "switch", project });
  }

  command(entity: string, verb: string, data: unknown, project?: string): Promise<Reply> {
    return this.call({ type: "cmd", id: ulid(), entity, verb, data, ...(project ? { project } : {}) });
  }

  query(entity: string, verb: string, data: unknown): Promise<Reply> {
    return this.call({ type: "qry", id: ulid(), entity, verb, data });
  }

  private call(frame: { id: string; [field: string]: unknown }): Promise<Reply> {
    if (this.calls.size >= CALLS) {
      const refused: Reply = {
        type: "reply", id: frame.id, success: false, error: "overloaded",
        message: "too many commands wait for the connection",
      };
      return Promise.resolve(refused);
    }
    return new Promise((settle) => {
      const text = JSON.stringify(frame);
      this.calls.set(frame.id, { text, settle });
      if (this.welcomed) this.socket?.send(text);
    });
  }

  private receive(socket: WebSocket, frame: ServerFrame): void {
    if (frame.type === "welcome") {
      this.attempt = 0;
      this.welcomed = true;
      this.listener.onLink({ state: "connected" });
      this.listener.onFrame(frame);
      // Under their own ids: what was carried out already is answered, not done again.
      for (const { text } of this.calls.values()) socket.send(text);
      return;
    }
    if (frame.type === "reply") {
      const call = this.calls.get(frame.id);
      this.calls.delete(frame.id);
      call?.settle(frame);
    }
    this.listener.onFrame(frame);
  }

  private raw(frame: object): void {
    if (this.welcomed && this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private ping(socket: WebSocket): void {
    if (Date.now() - this.heard > DEAD) {
      // The close event of a dead connection may take minutes.
      socket.onclose = null;
      socket.close();
      void this.lost();
    } else if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
  }

  private async lost(): Promise<void> {
    const wasWelcomed = this.welcomed;
    this.clear();
    this.socket = null;
    this.welcomed = false;
    this.attempt += 1;
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.attempt - 1)) * (0.75 + Math.random() / 4);
    this.timer = window.setTimeout(() => this.open(), wait);
    this.listener.onLink({ state: "reconnecting", at: Date.now() + wait, attempt: this.attempt });
    // A refused handshake does not say why; the session does.
    if (!wasWelcomed && (await signedOut()) && !this.socket) this.listener.onLink({ state: "signed_out" });
  }

  private clear(): void {
    window.clearTimeout(this.timer);
    window.clearInterval(this.beat);
  }
}

async function signedOut(): Promise<boolean> {
  try {
    const response = await fetch("/api/session", { cache: "no-store" });
    return response.status === 401;
  } catch {
    return false;
  }
}
