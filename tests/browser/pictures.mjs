// Every view of a project in full swing at 1440, 1024 and 390 px, light and dark, to be looked at.

import assert from "node:assert/strict";
import { enter, freshCode, origin, problems, start } from "./kit.mjs";
import { shots } from "./shots.mjs";

const browser = await start();
const page = await enter(browser, await freshCode());
if (process.env.SHOTS) await shots(page, origin, "web", process.env.SHOTS);
await browser.close();
assert.deepEqual(problems, []);
console.log("the pictures are taken");
