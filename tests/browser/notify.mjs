// Notifications on the desktop: asked for only when they are wanted, each by itself, and only while nobody looks.

import assert from "node:assert/strict";
import { commands, enter, freshCode, live, origin, scenario, start } from "./kit.mjs";

const browser = await start();
const page = await enter(browser, await freshCode(), { permissions: ["notifications"] });
// What the browser is asked to show, beside showing it; and whether somebody looks, which a headless browser always does.
await page.addInitScript(() => {
  window.shown = [];
  window.asked = 0;
  window.away = false;
  const Real = window.Notification;
  window.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      window.shown.push(`${title} | ${options.body}`);
    }
    static requestPermission() {
      window.asked += 1;
      return Real.requestPermission();
    }
  };
  Object.defineProperty(document, "hidden", { get: () => window.away });
});
const shown = () => page.evaluate(() => window.shown);
const until = (text) => page.waitForFunction((wanted) => window.shown.some((each) => each.includes(wanted)), text);
const away = (gone) => page.evaluate((value) => { window.away = value; }, gone);
const wanted = async (label, checked) => {
  await page.getByRole("button", { name: "Settings" }).first().click();
  // The browser is asked before the box is ticked.
  const box = page.getByLabel(label);
  if ((await box.isChecked()) !== checked) await box.click();
  while ((await box.isChecked()) !== checked) await page.waitForTimeout(20);
  await page.keyboard.press("Escape");
};

await scenario([
  ["nobody is asked before somebody wants it", async () => {
    await page.goto(`${origin}/p/web`);
    await live(page);
    assert.equal(await page.evaluate(() => window.asked), 0);
    await away(true);
    await commands(page, [["task.create", { title: "One" }], ["task.create", { title: "Two" }], ["task.start", { task: "t1" }], ["task.block", { task: "t1", reason: "unseen" }]]);
    await page.locator(".need", { hasText: "unseen" }).waitFor();
    assert.deepEqual(await shown(), []);
  }],
  ["what is wanted is told: blocked, and nothing else", async () => {
    await wanted("A task is blocked", true);
    assert.equal(await page.evaluate(() => window.asked), 1);
    await commands(page, [["task.start", { task: "t2" }], ["task.block", { task: "t2", reason: "which way?" }], ["task.unblock", { task: "t1" }], ["task.complete", { task: "t1" }]]);
    await until("t2 is blocked | Two: which way?");
    assert.equal((await shown()).length, 1);
  }],
  ["completed, and an agent that needs input, when they are wanted too", async () => {
    await wanted("A task is completed", true);
    await wanted("An agent needs input", true);
    await commands(page, [["task.unblock", { task: "t2" }], ["task.complete", { task: "t2" }]]);
    await until("t2 is completed | Two");
    await until("Asker needs input | may I?");
  }],
  ["nothing while somebody looks, and nothing that is not wanted any more", async () => {
    await wanted("An agent needs input", false);
    await away(false);
    const before = (await shown()).length;
    await commands(page, [["task.create", { title: "Three" }], ["task.start", { task: "t3" }], ["task.complete", { task: "t3" }]]);
    await page.getByText("Three").first().waitFor();
    assert.equal((await shown()).length, before);
  }],
  ["the choice survives a reload", async () => {
    await page.reload();
    await live(page);
    await page.getByRole("button", { name: "Settings" }).first().click();
    assert.deepEqual([await page.getByLabel("A task is blocked").isChecked(), await page.getByLabel("An agent needs input").isChecked()], [true, false]);
  }],
], () => [page]);
await browser.close();
console.log("notifications work");
