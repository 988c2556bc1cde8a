import { expect, it } from "vitest";
import type { TerminalBytes } from "./frame";
import { Terminals, type Viewer } from "./terminals";

it("what is left of a terminal that nobody holds begins anew each time it is asked for", () => {
  const said: string[] = [];
  const viewer: Viewer = {
    opened: (_cols, _rows, plain) => said.push(plain ? "opened plain" : "opened"), resized: () => said.push("resized"), left: () => said.push("left"), past: () => said.push("past"),
    screen: () => said.push("screen"), output: () => said.push("output"), closed: () => said.push("closed"),
  };
  const terminals = new Terminals({ tell: () => true, type: () => true });
  const bytes = (kind: TerminalBytes["kind"]) => terminals.bytes({ kind, term, offset: 0, bytes: new Uint8Array(1) });
  let term = terminals.show("s1", 1, viewer);
  bytes("past");
  bytes("past");
  terminals.reopen();
  bytes("past");
  terminals.frame({ type: "term.closed", term, reason: "nobody holds it" });
  expect(said.splice(0)).toEqual(["left", "past", "past", "left", "past", "closed"]);
  expect(terminals.type(term, "x"), "it is closed").toBe(false);

  // A screen resets the terminal itself.
  term = terminals.show("s1", 1, viewer);
  terminals.frame({ type: "term.opened", term, session: "s1", epoch: 1, cols: 80, rows: 24, offset: 0 });
  for (const kind of ["past", "screen", "output"] as const) bytes(kind);
  expect(said.splice(0)).toEqual(["opened", "past", "screen", "output"]);
  terminals.frame({ type: "term.opened", term, session: "s1", epoch: 1, cols: 80, rows: 24, offset: 0, plain: true });
  expect(said).toEqual(["opened plain"]);
});
