// A session's terminal from the request on: nobody holds it, its host shows it, it is typed into, it ends.

import assert from "node:assert/strict";
import { axe, commands, enter, freshCode, live, origin, pictures, scenario, start } from "./kit.mjs";

const browser = await start();
const page = await enter(browser, await freshCode());
const rows = page.locator(".focus .xterm-rows");
const waiting = page.getByText("Waiting for the host: the terminal appears here by itself.");
const wish = (title) => commands(page, [["task.create", { title }]]);
const focused = () => page.evaluate(() => document.activeElement?.className ?? "");

await scenario([
  ["requested, it waits for its host", async () => {
    await page.goto(`${origin}/p/web/sessions/s1`);
    await live(page);
    await waiting.waitFor();
    await axe(page, "a terminal that waits");
    await pictures(page, "waiting");
  }],
  ["starting, with nobody who holds it, it still waits", async () => {
    await wish("let it start");
    await page.locator(".focus-head .chip", { hasText: "Starting" }).waitFor();
    // The bridge asks the holder for two seconds before it says that there is none.
    await page.waitForTimeout(4000);
    await waiting.waitFor();
    assert.equal(await page.getByText("This terminal has ended").count(), 0);
  }],
  ["it appears when it is held", async () => {
    await wish("let it be held");
    await rows.filter({ hasText: "HERE AT LAST" }).waitFor();
    await page.locator(".terminal[data-state=live]").waitFor();
  }],
  ["Tab goes past a terminal that is only watched", async () => {
    await page.locator(".focus .xterm-helper-textarea").focus();
    await page.keyboard.press("Tab");
    assert(!(await focused()).includes("xterm"), await focused());
  }],
  ["Tab and Shift+Tab are the agent's where it is typed into; Ctrl ] leaves", async () => {
    await page.getByRole("button", { name: "Type into it" }).click();
    await rows.filter({ hasText: "HERE AT LAST" }).waitFor();
    const input = page.locator(".focus .xterm-helper-textarea");
    await input.focus();
    for (const key of ["Tab", "Shift+Tab"]) {
      await page.keyboard.press(key);
      assert((await focused()).includes("xterm"), `${key} leads to ${await focused()}`);
    }
    await page.keyboard.type("hello");
    await rows.filter({ hasText: "hello" }).waitFor();
    await pictures(page, "typing");
    await input.focus();
    await page.keyboard.press("Control+]");
    await page.getByRole("button", { name: "Typing" }).and(page.locator(":focus")).waitFor();
    await axe(page, "a terminal that is typed into");
  }],
  ["when the agent ends it says so, and stays", async () => {
    await wish("let it end");
    await page.getByText("This terminal has ended: the agent ended with code 3.").waitFor();
    await rows.filter({ hasText: "HERE AT LAST" }).waitFor();
    await page.waitForTimeout(2500);
    await page.getByText("This terminal has ended: the agent ended with code 3.").waitFor();
  }],
], () => [page]);
await browser.close();
console.log("a terminal comes when it is there");
