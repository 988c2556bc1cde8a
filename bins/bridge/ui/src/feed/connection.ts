// One WebSocket to the bridge, for ever: backs off, comes back, continues from the last commit. What it does when, `link.ts` says.

import { readBytes, writeInput, type Reply, type ServerFrame, type TerminalBytes } from "./frame";
import { BEGIN, linkOf, next, PING, PROBE, type Act, type Happening, type Link, type State } from "./link";
import { ulid } from "./ulid";

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

/** Calls that wait for their reply. */
const CALLS = 500;
/** Bytes of a frame that the bridge takes; one that is longer costs the connection, each time that it is sent. */
const FRAME = 256 << 10;
/** The close frame's code for a client that breaks the protocol. */
const PROTOCOL_ERROR = 1002;

export const LOST = "disconnected";

export class Connection {
  private state: State = BEGIN;
  private told: Link | null = null;
  private socket: WebSocket | null = null;
  private countdown: number | undefined;
  private beat: number | undefined;
  private probe: number | undefined;
  private calls = new Map<string, (reply: Reply) => void>();

  constructor(private readonly listener: Listener) {}

  get connected(): boolean {
    return this.state.is === "welcomed";
  }

  open(): void {
    this.happen({ what: "due" });
  }

  /** Does not wait for the countdown, nor for a socket that is not welcomed. */
  retryNow(): void {
    this.happen({ what: "retry" });
  }

  /** The network is back, or the page is looked at: what looks connected may be dead for long. */
  wake(): void {
    this.happen({ what: "woken" });
  }

  /** Sends what needs no answer, if there is a connection. */
  tell(frame: object): boolean {
    return this.send(JSON.stringify(frame));
  }

  type(term: number, text: string): boolean {
    return this.send(writeInput(term, text));
  }

  /** Sends and waits for the reply. A lost connection answers too: it cannot be known whether it arrived. */
  call(frame: { id?: string; [field: string]: unknown }): Promise<Reply> {
    const id = frame.id ?? ulid();
    const refuse = (error: string, message: string, retryable = true): Reply => ({ type: "reply", id, success: false, error, message, retryable });
    if (this.calls.size >= CALLS) return Promise.resolve(refuse("overloaded", "too many commands wait for their answer"));
    const text = JSON.stringify({ ...frame, id });
    if (new TextEncoder().encode(text).length > FRAME) {
      return Promise.resolve(refuse("too_large", `This is longer than the ${FRAME >> 10} KiB that are taken at once.`, false));
    }
    return new Promise((settle) => {
      if (!this.send(text)) {
        settle(refuse(LOST, "there is no connection to the bridge"));
        return;
      }
      this.calls.set(id, settle);
    });
  }

  private happen(happening: Happening): void {
    const { state, acts } = next(this.state, happening, { now: Date.now(), chance: Math.random() });
    const changed = state !== this.state;
    this.state = state;
    for (const act of acts) this.carryOut(act);
    if (!changed) return;
    window.clearTimeout(this.countdown);
    if (state.is === "waiting") this.countdown = window.setTimeout(() => this.happen({ what: "due" }), state.until - Date.now());
    const link = linkOf(state);
    if (JSON.stringify(link) === JSON.stringify(this.told)) return;
    this.told = link;
    this.listener.onLink(link);
  }

  private carryOut(act: Act): void {
    switch (act) {
      case "connect": this.connect(); return;
      case "hang_up": this.hangUp(); return;
      case "ping": this.ping(); return;
      case "probe":
        this.ping();
        this.probe ??= window.setTimeout(() => {
          this.probe = undefined;
          this.happen({ what: "overdue" });
        }, PROBE);
        return;
      case "ask": void signedOut().then((signedOut) => this.happen({ what: "session", signedOut }));
    }
  }

  private connect(): void {
    const address = new URL("/ws", window.location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    // From here on, so that a handshake that hangs is given up too.
    this.beat = window.setInterval(() => this.happen({ what: "tick" }), PING);
    socket.onopen = () => {
      const { project, ledger, since } = this.listener.position();
      const resume = ledger !== null && since !== null ? { ledger, since } : {};
      socket.send(JSON.stringify({ type: "hello", version: 1, ...(project ? { project } : {}), ...resume }));
    };
    socket.onmessage = (message: MessageEvent<string | ArrayBuffer>) => {
      this.heard();
      if (typeof message.data === "string") this.receive(JSON.parse(message.data) as ServerFrame);
      else {
        const bytes = readBytes(message.data);
        if (bytes) this.listener.onBytes(bytes);
      }
    };
    socket.onclose = ({ code }) => {
      this.hangUp();
      this.happen({ what: "closed", broken: code === PROTOCOL_ERROR });
    };
  }

  /** Whatever the socket still says is not heard any more. Calls are answered when the state is the new one. */
  private hangUp(): void {
    window.clearInterval(this.beat);
    this.calmed();
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    const waiting = [...this.calls];
    this.calls.clear();
    queueMicrotask(() => {
      for (const [id, settle] of waiting) {
        settle({ type: "reply", id, success: false, error: LOST, message: "the connection was lost before the answer came", retryable: true });
      }
    });
  }

  private send(frame: string | Uint8Array<ArrayBuffer>): boolean {
    if (!this.connected || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(frame);
    return true;
  }

  private ping(): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send('{"type":"ping"}');
  }

  private heard(): void {
    this.calmed();
    this.happen({ what: "heard" });
  }

  private calmed(): void {
    window.clearTimeout(this.probe);
    this.probe = undefined;
  }

  private receive(frame: ServerFrame): void {
    if (frame.type === "reply") {
      const settle = this.calls.get(frame.id);
      this.calls.delete(frame.id);
      settle?.(frame);
    }
    this.listener.onFrame(frame);
    if (frame.type === "welcome") this.happen({ what: "welcome" });
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
