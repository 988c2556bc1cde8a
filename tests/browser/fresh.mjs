// A home without any project: what the page says, and that the first one appears by itself.

import assert from "node:assert/strict";
import { axe, commands, enter, freshCode, live, origin, scenario, start } from "./kit.mjs";

const browser = await start();
const page = await enter(browser, await freshCode());
const path = () => new URL(page.url()).pathname;

await scenario([
  ["without a project the page says how one is made", async () => {
    await page.getByRole("heading", { name: "No project yet" }).waitFor();
    await axe(page, "no project");
  }],
  ["the first one appears by itself", async () => {
    await commands(page, [["project.create", { title: "The web" }]]);
    await page.locator(".main-control").waitFor();
    await page.waitForURL("**/p/web");
    await commands(page, [["task.create", { title: "the first task" }]]);
    await page.getByText("the first task").first().waitFor();
  }],
  ["an address that names no project leads to one", async () => {
    await page.goto(`${origin}/p/Web/board`);
    await live(page);
    await page.locator(".card[data-task=t1]").or(page.locator(".main-control")).first().waitFor();
    assert.equal(path(), "/p/web");
  }],
], () => [page]);
await browser.close();
console.log("a fresh home works");
