// A connection that comes and goes: nothing missed, nothing twice, what was said meanwhile is kept and sent.

import assert from "node:assert/strict";
import { commands, door, enter, freshCode, live, scenario, start } from "./kit.mjs";

const browser = await start();
const gate = await door();
const other = await enter(browser, await freshCode());
const page = await enter(browser, await freshCode(gate.origin));
const row = (where, id) => where.locator(`[data-task=${id}]`);
const count = (where, status) => where.locator(`.group-row.tone-${status} .count`);
const lost = (where) => where.getByText("The connection is lost.").waitFor();
const many = Number(process.env.MANY ?? 1000);
const AWAY = 30_000;
let since = 0;

await scenario([
  ["cut off, the page says so and counts down", async () => {
    await page.goto(`${gate.origin}/p/web/list`);
    await live(page);
    gate.cut();
    since = Date.now();
    await lost(page);
    await page.getByText(/Next try in \d+ s|Trying…/).waitFor();
  }],
  ["what is said meanwhile is pending, never done", async () => {
    for (const title of ["first while cut off", "second while cut off"]) {
      await page.getByLabel("Title of a new task").fill(title);
      await page.keyboard.press("Enter");
      await page.getByText(`New task “${title}”: kept until the connection is back.`).first().waitFor();
    }
    await page.getByRole("button", { name: "2 pending" }).click();
    assert.equal(await page.locator(".outbox-entry[data-state=waiting]").count(), 2);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("[data-task]").count(), 0, "nothing is shown as done");
  }],
  ["it survives a reload", async () => {
    await page.reload();
    await page.getByRole("button", { name: "2 pending" }).waitFor();
  }],
  ["many tasks are created while the page is away for half a minute", async () => {
    await commands(other, Array.from({ length: many }, (_, n) => ["task.create", { title: `away ${n}` }]));
    await page.waitForTimeout(Math.max(0, AWAY - (Date.now() - since)));
  }],
  ["it comes back, has everything once, and sends what waited, in its order", async () => {
    await page.getByRole("button", { name: "Retry now" }).waitFor();
    gate.mend();
    // The page's own next try may be faster than the pointer.
    await page.getByRole("button", { name: "Retry now" }).click({ timeout: 5000 }).catch(() => {});
    await live(page);
    await count(page, "pending").filter({ hasText: new RegExp(`^${many + 2}$`) }).waitFor();
    await page.getByRole("button", { name: "2 pending" }).waitFor({ state: "detached" });
    await page.getByLabel("Filter the tasks").fill("while cut off");
    await page.getByText("first while cut off").first().waitFor();
    const titles = await page.locator(".row-title").allInnerTexts();
    assert.deepEqual(titles, ["first while cut off", "second while cut off"]);
    await page.getByLabel("Filter the tasks").fill("");
  }],
  ["cut off again: the commits of the gap come, and the last of a burst", async () => {
    gate.cut();
    await lost(page);
    await commands(other, Array.from({ length: many }, (_, n) => ["task.create", { title: `burst ${n}` }]));
    const [last] = await commands(other, [["task.create", { title: "the last of the burst", priority: "critical" }]]);
    gate.mend();
    await count(page, "pending").filter({ hasText: new RegExp(`^${2 * many + 3}$`) }).waitFor();
    await row(page, last.id).waitFor();
    const ids = await page.evaluate(() => [...document.querySelectorAll("[data-task]")].map((each) => each.getAttribute("data-task")));
    assert.equal(new Set(ids).size, ids.length, "each once");
    const numbers = ids.slice(1).map((id) => Number(id.slice(1)));
    assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b), "in order");
  }],
  ["a connection that is dead and does not know it is replaced when the network or the person comes back", async () => {
    for (const [title, wake] of [
      ["after the network was away", () => window.dispatchEvent(new Event("online"))],
      ["after the page was hidden", () => document.dispatchEvent(new Event("visibilitychange"))],
    ]) {
      gate.freeze();
      const [task] = await commands(other, [["task.create", { title, priority: "critical" }]]);
      await page.evaluate(wake);
      // Long before its pings would tell.
      await row(page, task.id).waitFor({ timeout: 8000 });
      await live(page);
    }
  }],
  ["what is refused later stays to be seen, and is dismissed", async () => {
    await row(page, "t1").click();
    gate.cut();
    await lost(page);
    await page.getByRole("dialog").getByRole("button", { name: "Cancel task" }).click();
    await page.keyboard.press("Control+Enter");
    await page.getByRole("dialog").getByText("not acknowledged yet").waitFor();
    await commands(other, [["task.start", { task: "t1" }], ["task.complete", { task: "t1" }]]);
    gate.mend();
    await page.getByText(/Cancel task t1: /).first().waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "1 not sent" }).click();
    await page.locator(".outbox-entry[data-state=failed]").getByRole("button", { name: "Dismiss" }).click();
    await page.getByText("Everything you said has been acknowledged.").waitFor();
    await page.keyboard.press("Escape");
  }],
  ["a stop is never kept for later", async () => {
    const [session] = await commands(other, [["session.spawn", { role: "worker", name: "waits" }]]);
    await page.goto(`${gate.origin}/p/web/sessions/${session.id}`);
    await live(page);
    await page.getByRole("button", { name: "Stop" }).waitFor();
    gate.cut();
    await lost(page);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Really stop?" }).click();
    await page.getByText(/is not kept for later/).first().waitFor();
    assert.equal(await page.locator(".outbox-button").count(), 0);
    gate.mend();
    await live(page);
  }],
], () => [page, other]);
await browser.close();
gate.close();
console.log("the connection works");
