// One WebSocket to the bridge, for ever: backs off, comes back, continues from the last commit.

import { readBytes, writeInput, type Reply, type ServerFrame, type TerminalBytes } from "./frame";
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
  onBytes(bytes: TerminalBytes): void;
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

export const LOST = "disconnected";

/** How long to wait before the nth try: 0.5 s, doubling to 15 s, a quarter of it chance. */
export const wait = (attempt: number, chance: number): number =>
  Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)) * (0.75 + chance / 4);

export class Connection {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private welcomed = false;
  private heard = 0;
  private timer: number | undefined;
  private beat: number | undefined;
  private calls = new Map<string, (reply: Reply) => void>();

  constructor(private readonly listener: Listener) {}

  get connected(): boolean {
    return this.welcomed;
  }

  open(): void {
    this.clear();
    this.welcomed = false;
    if (this.attempt === 0) this.listener.onLink({ state: "connecting" });
    const address = new URL("/ws", window.location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heard = Date.now();
    // From here on, so that a handshake that hangs is given up too.
    this.beat = window.setInterval(() => this.ping(socket), PING);
    socket.onopen = () => {
      this.heard = Date.now();
      const { project, ledger, since } = this.listener.position();
      const resume = ledger !== null && since !== null ? { ledger, since } : {};
      socket.send(JSON.stringify({ type: "hello", version: 1, ...(project ? { project } : {}), ...resume }));
    };
    socket.onmessage = (message: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.socket) return;
      this.heard = Date.now();
      if (typeof message.data === "string") this.receive(JSON.parse(message.data) as ServerFrame);
      else {
        const bytes = readBytes(message.data);
        if (bytes) this.listener.onBytes(bytes);
      }
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

  /** Sends what needs no answer, if there is a connection. */
  tell(frame: object): boolean {
    if (!this.welcomed || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  type(term: number, text: string): boolean {
    if (!this.welcomed || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(writeInput(term, text));
    return true;
  }

  /** Sends and waits for the reply. A lost connection answers too: it cannot be known whether it arrived. */
  call(frame: { id?: string; [field: string]: unknown }): Promise<Reply> {
    const id = frame.id ?? ulid();
    const refuse = (error: string, message: string): Reply => ({ type: "reply", id, success: false, error, message, retryable: true });
    if (this.calls.size >= CALLS) return Promise.resolve(refuse("overloaded", "too many commands wait for their answer"));
    return new Promise((settle) => {
      if (!this.tell({ ...frame, id })) {
        settle(refuse(LOST, "there is no connection to the bridge"));
        return;
      }
      this.calls.set(id, settle);
    });
  }

  private receive(frame: ServerFrame): void {
    if (frame.type === "welcome") {
      this.attempt = 0;
      this.welcomed = true;
      this.listener.onFrame(frame);
      this.listener.onLink({ state: "connected" });
      return;
    }
    if (frame.type === "reply") {
      const settle = this.calls.get(frame.id);
      this.calls.delete(frame.id);
      settle?.(frame);
    }
    this.listener.onFrame(frame);
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
    const delay = wait(this.attempt, Math.random());
    this.timer = window.setTimeout(() => this.open(), delay);
    this.listener.onLink({ state: "reconnecting", at: Date.now() + delay, attempt: this.attempt });
    const waiting = [...this.calls];
    this.calls.clear();
    for (const [id, settle] of waiting) {
      settle({ type: "reply", id, success: false, error: LOST, message: "the connection was lost before the answer came", retryable: true });
    }
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
