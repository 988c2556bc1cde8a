import { expect, it } from "vitest";
import { Backlog } from "./backlog";

it("a terminal that does not keep up takes nothing more until it has drawn all, however often", () => {
  const said: string[] = [];
  const queue: { bytes: Uint8Array; drawn: () => void }[] = [];
  const waiting = () => queue.reduce((sum, each) => sum + each.bytes.length, 0);
  const backlog = new Backlog(10, {
    write: (bytes, drawn) => queue.push({ bytes, drawn }),
    full: () => said.push("full"),
    drained: () => said.push("drained"),
  });
  const draw = (count: number) => { for (const { drawn } of queue.splice(0, count)) drawn(); };
  for (let round = 0; round < 5; round++) {
    for (let n = 0; n < 100; n++) backlog.add(new Uint8Array(4));
    expect(waiting()).toBe(12);
    expect(said).toEqual(["full"]);
    draw(3);
    expect(said, "not before all is drawn").toEqual(["full"]);
    draw(1);
    expect(said.splice(0)).toEqual(["full", "drained"]);
  }
  // One that keeps up is never interrupted.
  for (let n = 0; n < 100; n++) {
    backlog.add(new Uint8Array(4));
    draw(1);
  }
  expect(said).toEqual([]);
});
