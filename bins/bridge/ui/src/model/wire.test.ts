import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
// @ts-expect-error: a script without types.
import { generate, target } from "../../scripts/types.mjs";

it("the types are those of schemas/ (npm run types)", async () => {
  expect(await readFile(target as string, "utf8")).toBe(await (generate as () => Promise<string>)());
}, 30_000);
