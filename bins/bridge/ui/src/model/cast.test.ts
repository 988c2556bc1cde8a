import { expect, it } from "vitest";
import { clock, momentsUntil, parseCast } from "./cast";

const head = '{"version":2,"width":80,"height":24}';

it("a recording becomes moments, its long pauses shortened", () => {
  const cast = parseCast([head, '[0.5,"o","a"]', '[30,"o","b"]', '[30.25,"r","100x30"]', '[31,"i","typed"]', ""].join("\n"));
  expect(cast).toEqual({
    cols: 80, rows: 24, duration: 2.75,
    moments: [{ at: 0.5, output: "a" }, { at: 2.5, output: "b" }, { at: 2.75, size: [100, 30] }],
  });
  expect([0, 0.5, 2.6, 9].map((second) => momentsUntil(cast!.moments, second))).toEqual([0, 1, 2, 3]);
});

it("what is torn or absurd is passed over, and what is no recording is said to be none", () => {
  const cast = parseCast([head, "[1", '[1,"r","9999999x1"]', '[1,"r","ax2"]', '["1","o","x"]', '[-5,"o","a"]', '[2,"o",7]'].join("\n"));
  expect(cast?.moments).toEqual([{ at: 0, output: "a" }]);
  for (const text of ["", "{}", "[]", '{"version":1,"width":80,"height":24}', '{"version":2,"width":0,"height":24}', "rubbish"]) expect(parseCast(text)).toBeNull();
});

it("times are shown as a watch shows them", () => {
  expect([0, 7.9, 61, 3723].map(clock)).toEqual(["0:00", "0:07", "1:01", "1:02:03"]);
});
