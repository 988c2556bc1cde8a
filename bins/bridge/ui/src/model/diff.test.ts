import { expect, it } from "vitest";
import { linesOf } from "./diff";

it("a patch becomes lines with the numbers of both sides", () => {
  const patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -3,2 +3,3 @@ fn x\n one\n-two\n+2\n+three\n\\ No newline at end of file\n";
  expect(linesOf(patch)).toEqual([
    { kind: "hunk", text: "@@ -3,2 +3,3 @@ fn x" }, { kind: "same", text: "one", old: 3, new: 3 }, { kind: "removed", text: "two", old: 4 },
    { kind: "added", text: "2", new: 4 }, { kind: "added", text: "three", new: 5 }, { kind: "note", text: "No newline at end of file" },
  ]);
  expect(linesOf("")).toEqual([]);
  expect(linesOf("Binary files differ")).toEqual([]);
});
