// The terminals that this page has open, through every reconnect. It knows nothing of what draws them.

import type { ServerFrame, TerminalBytes } from "./frame";

export interface Viewer {
  /** The terminal's size as its holder has it; a screen follows. */
  /** `plain`: lines end with a line feed alone. */
  opened(cols: number, rows: number, plain: boolean): void;
  resized(cols: number, rows: number): void;
  /** What is left of it follows, without a screen: nobody holds it. */
  left(): void;
  /** What was before the screen; then the screen; then output. */
  past(bytes: Uint8Array): void;
  screen(bytes: Uint8Array): void;
  output(bytes: Uint8Array): void;
  closed(reason: string): void;
}

interface Open {
  session: string;
  epoch: number;
  viewer: Viewer;
  /** Nothing came yet since it was asked for. */
  fresh: boolean;
}

interface Ways {
  tell(frame: object): boolean;
  type(term: number, text: string): boolean;
}

export class Terminals {
  private open = new Map<number, Open>();
  private last = 0;

  constructor(private readonly ways: Ways) {}

  /** Answers the number under which it is typed into and closed. */
  show(session: string, epoch: number, viewer: Viewer): number {
    const term = ++this.last;
    this.open.set(term, { session, epoch, viewer, fresh: true });
    this.ways.tell({ type: "term.open", term, session, epoch });
    return term;
  }

  close(term: number): void {
    if (this.open.delete(term)) this.ways.tell({ type: "term.close", term });
  }

  closeAll(): void {
    for (const term of [...this.open.keys()]) this.close(term);
  }

  /** Typing is never kept for later: false when it did not go out. */
  type(term: number, text: string): boolean {
    return this.open.has(term) && this.ways.type(term, text);
  }

  resize(term: number, cols: number, rows: number): void {
    if (this.open.has(term)) this.ways.tell({ type: "term.resize", term, cols, rows });
  }

  /** A new connection knows none of them. */
  reopen(): void {
    for (const [term, open] of this.open) {
      open.fresh = true;
      this.ways.tell({ type: "term.open", term, session: open.session, epoch: open.epoch });
    }
  }

  frame(frame: Extract<ServerFrame, { type: "term.opened" | "term.size" | "term.closed" }>): void {
    const open = this.open.get(frame.term);
    if (!open) return;
    open.fresh = false;
    if (frame.type === "term.opened") open.viewer.opened(frame.cols, frame.rows, frame.plain ?? false);
    else if (frame.type === "term.size") open.viewer.resized(frame.cols, frame.rows);
    else {
      this.open.delete(frame.term);
      open.viewer.closed(frame.reason);
    }
  }

  bytes({ term, kind, bytes }: TerminalBytes): void {
    const open = this.open.get(term);
    if (!open) return;
    if (open.fresh) open.viewer.left();
    open.fresh = false;
    open.viewer[kind](bytes);
  }
}
