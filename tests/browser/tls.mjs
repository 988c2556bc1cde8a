// The page over TLS: signed in, live, and its cookie stays on TLS.

import assert from "node:assert/strict";
import { commands, enter, freshCode, live, origin, scenario, start } from "./kit.mjs";

const browser = await start();
const page = await enter(browser, await freshCode());

await scenario([
  ["signed in, over wss, with a cookie that never leaves TLS", async () => {
    assert(page.url().startsWith("https://"));
    const [cookie, ...others] = await page.context().cookies();
    assert.deepEqual([others.length, cookie.secure, cookie.httpOnly, cookie.sameSite], [0, true, true, "Strict"]);
    assert(cookie.name.startsWith("__Host-"), cookie.name);
  }],
  ["it is live", async () => {
    await page.goto(`${origin}/p/web/list`);
    await live(page);
    const [task] = await commands(page, [["task.create", { title: "over TLS" }]]);
    await page.locator(`[data-task=${task.id}]`).waitFor();
  }],
], () => [page]);
await browser.close();
console.log("the page works over TLS");
