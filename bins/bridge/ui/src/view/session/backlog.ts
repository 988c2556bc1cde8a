// What a terminal was given and has not drawn yet.

interface Ways {
  /** Draws in its own time and says when it has; in the order in which it is called. */
  write(bytes: Uint8Array, drawn: () => void): void;
  /** It is too much: what comes now is not taken. */
  full(): void;
  /** Everything is drawn; more is taken again. */
  drained(): void;
}

const NOTHING = new Uint8Array();

export class Backlog {
  private behind = 0;
  private isFull = false;

  constructor(private readonly limit: number, private readonly ways: Ways) {}

  add(bytes: Uint8Array): void {
    if (this.isFull) return;
    this.behind += bytes.length;
    this.ways.write(bytes, () => { this.behind -= bytes.length; });
    if (this.behind <= this.limit) return;
    this.isFull = true;
    this.ways.full();
    this.ways.write(NOTHING, () => {
      this.isFull = false;
      this.ways.drained();
    });
  }
}
