// node page.mjs URL-WITH-CODE (TOKEN in the environment): signs in by the one-time code and watches the page live.
// Exit 77: there is no Chromium.

import assert from "node:assert/strict";
import { findChromium, launch } from "./chromium.mjs";

const address = process.argv[2];
const executable = findChromium();
if (!executable) {
  console.error("SKIPPED: no Chromium found; `apt-get install chromium`, or name one in CHROMIUM");
  process.exit(77);
}
assert(address, "usage: node page.mjs URL-WITH-CODE");
const origin = new URL(address).origin;
const browser = await launch(executable);
const problems = [];

async function enter(url) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
  await page.goto(url);
  return page;
}

async function freshCode() {
  const response = await fetch(`${origin}/api/code`, { method: "POST", headers: { Authorization: `Bearer ${process.env.TOKEN}` } });
  return `${origin}/?code=${(await response.json()).code}`;
}

try {
  const page = await enter(address);
  await page.getByText("Live", { exact: true }).waitFor();
  assert(!page.url().includes("code="), "the code is gone from the address");
  const other = await enter(await freshCode());
  await other.getByText("Live", { exact: true }).waitFor();

  // Created in one browser, seen in both.
  await page.getByLabel("Title of a new task").fill("<img src=x onerror=alert(1)> seen live");
  await page.getByRole("button", { name: "Add" }).click();
  const row = (where) => where.locator("[data-task=t1]");
  await row(other).waitFor();
  await row(page).waitFor();
  assert.equal(await other.locator(".row-title").innerText(), "<img src=x onerror=alert(1)> seen live");
  assert.equal(await other.locator(".pane-tasks img").count(), 0, "markup stays text");

  // The drawer by keyboard, a comment in the timeline of the other.
  await row(page).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Comment" }).click();
  await page.getByLabel("Say something about this task").fill("hello from the first browser");
  await page.keyboard.press("Control+Enter");
  await other.getByText("hello from the first browser").first().waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(new URL(page.url()).pathname, "/p/web");

  // A browser nobody signed in is told what to do.
  const expected = problems.length;
  const stranger = await enter(`${origin}/`);
  await stranger.getByRole("heading", { name: "You are signed out" }).waitFor();
  problems.length = expected;

  assert.deepEqual(problems, [], "the page runs without errors");
  console.log("the page works");
} finally {
  await browser.close();
}
