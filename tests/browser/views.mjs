// Every view with something in it: created, moved, searched, read, by mouse and by keyboard, in two browsers, checked by axe.

import assert from "node:assert/strict";
import { axe, commands, enter, freshCode, live, origin, pictures, problems, scenario, start } from "./kit.mjs";

const browser = await start();
const address = await freshCode();
const one = await enter(browser, address);
const two = await enter(browser, await freshCode());
const card = (page, id) => page.locator(`.card[data-task=${id}]:not(.overlay)`);
const column = (page, status) => page.locator(`[data-status=${status}]`);
const view = async (page, path) => {
  await page.goto(`${origin}/p/web${path}`);
  await live(page);
};

async function drag(page, id, status, look = async () => {}) {
  const from = await card(page, id).boundingBox();
  const to = await column(page, status).boundingBox();
  await page.mouse.move(from.x + 40, from.y + 14);
  await page.mouse.down();
  await page.mouse.move(from.x + 60, from.y + 24, { steps: 4 });
  await page.mouse.move(to.x + Math.min(90, to.width / 2), to.y + 120, { steps: 8 });
  await look();
  await page.mouse.up();
}

const HOSTILE = "<img src=x onerror=alert(1)> **seen** live";

await scenario([
  ["the code is gone from the address, and used up", async () => {
    assert(!one.url().includes("code="));
    const stranger = await (await browser.newContext()).newPage();
    const before = problems.length;
    await stranger.goto(`${origin}/`);
    await stranger.getByRole("heading", { name: "You are signed out" }).waitFor();
    // It stays so through every try.
    await stranger.evaluate(() => {
      window.left = false;
      new MutationObserver(() => { window.left ||= !document.querySelector("main.full h1"); }).observe(document, { childList: true, subtree: true });
    });
    for (let n = 0; n < 2; n++) await stranger.getByRole("button", { name: "Try again" }).click();
    await stranger.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await stranger.waitForTimeout(1500);
    await stranger.getByRole("button", { name: "Try again" }).waitFor();
    assert.equal(await stranger.evaluate(() => window.left), false);
    problems.length = before;
    await stranger.context().close();
  }],
  ["a task created in one browser is seen in both, as text", async () => {
    await view(one, "/board");
    await view(two, "/list");
    await one.getByLabel("Title of a new task").fill(`${HOSTILE} #ui !!`);
    await one.getByRole("button", { name: "Add", exact: true }).click();
    await card(one, "t1").waitFor();
    await two.locator("[data-task=t1]").waitFor();
    assert.equal(await two.locator("[data-task=t1] .row-title").innerText(), HOSTILE);
    assert.equal(await two.locator("main img").count(), 0);
    assert.equal(await card(one, "t1").locator(".label").innerText(), "ui");
  }],
  ["a plan with steps and dependencies appears", async () => {
    const evil = "# Title\n\n<script>alert(1)</script> <b>bold</b>\n\n[link](javascript:alert(1)) [ok](https://example.org/)\n\n![picture](https://example.org/x.png)\n\n| a | b |\n|---|---|\n| 1 | 2 |";
    await commands(one, [
      ["task.create", { title: "Second", dependsOn: ["t1"], subtasks: [{ title: "first step" }, { title: "second step" }], description: evil, acceptance: ["it works"] }],
      ["task.create", { title: "Third", dependsOn: ["t2"], priority: "critical" }],
      ["task.create", { title: "Fourth", labels: ["api"] }],
    ]);
    await card(one, "t4").waitFor();
    assert.equal(await column(one, "pending").locator(".count").innerText(), "4");
  }],
  ["drag and drop: only what the server allows lights up", async () => {
    await drag(one, "t4", "in_progress", async () => {
      await one.locator("[data-status=in_progress].drag-allowed.over").waitFor();
      assert.equal(await one.locator(".drag-allowed").count(), 2, "from pending: start, cancel");
      await one.locator("[data-status=in_review].drag-refused").waitFor();
    });
    await column(one, "in_progress").locator("[data-task=t4]").waitFor();
    await two.locator("[data-task=t4] .who").waitFor();
  }],
  ["a move that is not allowed explains itself and changes nothing", async () => {
    await drag(one, "t3", "in_review");
    await one.locator(".toast", { hasText: "t3 cannot go from Pending to In review." }).waitFor();
    await column(one, "pending").locator("[data-task=t3]").waitFor();
  }],
  ["a refusal of the server explains itself and may be overruled", async () => {
    await drag(one, "t3", "in_progress");
    await one.locator(".toast-error").filter({ hasText: "t2" }).getByRole("button", { name: "Do it anyway" }).click();
    await column(one, "in_progress").locator("[data-task=t3]").waitFor();
  }],
  ["blocking asks for the reason", async () => {
    await drag(one, "t3", "blocked");
    await one.getByLabel("What is in the way?").fill("which dialect?");
    await one.keyboard.press("Enter");
    await column(one, "blocked").locator("[data-task=t3]").getByText("which dialect?").waitFor();
  }],
  ["the board by keyboard: Space, arrow, Space", async () => {
    await card(one, "t1").focus();
    await one.keyboard.press("Space");
    await one.locator(".card.overlay").waitFor();
    await one.locator("[data-status=pending].over").waitFor();
    await one.keyboard.press("ArrowRight");
    await one.locator("[data-status=in_progress].over").waitFor();
    await one.keyboard.press("Space");
    await column(one, "in_progress").locator("[data-task=t1]").waitFor();
  }],
  ["the drawer by keyboard: steps, comment, markdown, dependencies", async () => {
    await card(one, "t2").focus();
    await one.keyboard.press("Enter");
    const drawer = one.getByRole("dialog");
    await drawer.getByRole("table").waitFor();
    assert.equal(await drawer.locator("script, img, b").count(), 0, "raw HTML and pictures stay out");
    assert.equal(await drawer.locator("a[href^=javascript]").count(), 0);
    await axe(one, "the drawer");
    await drawer.getByRole("button", { name: "Complete st1" }).click();
    await drawer.getByRole("button", { name: "Reopen st1" }).waitFor();
    await drawer.getByRole("button", { name: "Comment" }).click();
    await drawer.getByLabel("Say something about this task").fill("hello from the first browser");
    await one.keyboard.press("Control+Enter");
    await drawer.locator(".entry-words", { hasText: "hello from the first browser" }).waitFor();
    await drawer.getByRole("button", { name: "Add", exact: true }).first().click();
    const list = drawer.getByLabel("Another task that must be completed first");
    await list.focus();
    await one.keyboard.press("ArrowDown");
    await list.selectOption("t3");
    const circle = one.locator(".toast-error", { hasText: /circle|cycle/ });
    assert.equal(await circle.count(), 0, "choosing alone does nothing");
    await pictures(one, "dependency");
    await drawer.getByRole("button", { name: "Depend on it" }).click();
    await circle.first().waitFor();
    await one.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    assert.equal(new URL(one.url()).pathname, "/p/web/board");
  }],
  ["a refusal is seen, heard and overruled in front of an open drawer", async () => {
    await commands(one, [["task.create", { title: "Fifth", dependsOn: ["t2"] }]]);
    await view(one, "/board/t/t5");
    const drawer = one.getByRole("dialog");
    await drawer.getByRole("button", { name: "Start" }).click();
    const notice = drawer.locator(".toast-error");
    await notice.getByRole("alert").waitFor();
    await pictures(one, "notice-in-drawer");
    await axe(one, "a notice in the drawer");
    await one.keyboard.press("F8");
    await one.keyboard.press("Escape");
    await notice.waitFor({ state: "detached" });
    await drawer.getByRole("button", { name: "Start" }).click();
    await notice.getByRole("button", { name: "Do it anyway" }).click();
    await drawer.locator(".chip", { hasText: "In progress" }).waitFor();
    // A dialog over the drawer has them, and they go back when it closes.
    await drawer.getByRole("button", { name: "Copy the address" }).click();
    await one.keyboard.press("Control+k");
    await one.locator(".palette .toast").waitFor();
    await one.keyboard.press("Escape");
    await one.locator(".drawer .toast").waitFor();
    await one.keyboard.press("Escape");
    await one.locator("body > .toasts .toast").first().waitFor();
  }],
  ["what is longer than the bridge takes is refused, and costs no connection", async () => {
    await view(one, "/list");
    await one.keyboard.press("c");
    const dialog = one.getByRole("dialog");
    await dialog.getByLabel("Title").fill("Long");
    await dialog.getByLabel("Description, in Markdown").fill("x".repeat(300_000));
    await dialog.getByRole("button", { name: "Create task" }).click();
    await dialog.locator(".toast-error", { hasText: "This is longer than the 256 KiB" }).waitFor();
    await live(one);
    await dialog.getByRole("button", { name: "Leave it" }).click();
    assert.equal(await one.locator(".outbox-button").count(), 0);
  }],
  ["editing, and what is not changed is not sent", async () => {
    await view(one, "/list/t/t4");
    await one.getByRole("button", { name: "Edit" }).click();
    await one.getByLabel("Title", { exact: true }).fill("Fourth, with another title");
    await commands(two, [["task.update", { task: "t4", priority: "high", technicalNotes: "from somebody else" }]]);
    await two.locator("[data-task=t4] .prio-high").waitFor();
    await one.getByRole("button", { name: "Save" }).click();
    await two.getByText("Fourth, with another title").first().waitFor();
    const drawer = one.getByRole("dialog");
    await drawer.getByText("from somebody else").waitFor();
    await drawer.locator(".prio-high").waitFor();
    await one.keyboard.press("Escape");
  }],
  ["the list: a tree, folded and filtered by keyboard", async () => {
    await view(one, "/list");
    await one.locator("[data-task=t2]").focus();
    await one.keyboard.press("ArrowRight");
    await one.getByRole("treeitem", { name: /second step/ }).waitFor();
    await one.keyboard.press("/");
    await one.keyboard.type("label:api");
    await one.locator("[data-task=t2]").waitFor({ state: "detached" });
    assert.equal(await one.locator("[data-task]").count(), 1);
    await one.keyboard.press("Escape");
    await one.locator("[data-task=t2]").waitFor();
  }],
  ["mission control says who waits, and leads there", async () => {
    await view(one, "");
    await one.locator(".need", { hasText: "which dialect?" }).click();
    await one.getByRole("dialog").getByLabel("Your answer goes to whoever works on it").fill("the German one");
    await one.keyboard.press("Control+Enter");
    await one.getByRole("dialog").locator(".chip", { hasText: "In progress" }).waitFor();
    await one.keyboard.press("Escape");
    await one.getByText("Nothing waits for you.").waitFor();
  }],
  ["the graph is live", async () => {
    await view(one, "/graph");
    await one.locator(".node.tone-in_progress[data-task=t1]").waitFor();
    await commands(two, [["task.complete", { task: "t1" }]]);
    await one.locator(".node.tone-completed[data-task=t1]").waitFor();
    await one.locator(".edge-done").first().waitFor({ state: "attached" });
    await one.locator(".node[data-task=t2]").click();
    await one.getByRole("dialog").waitFor();
    await one.keyboard.press("Escape");
  }],
  ["the timeline is filtered", async () => {
    await view(one, "/timeline");
    await one.getByText("hello from the first browser").waitFor();
    await one.getByRole("button", { name: "Trouble" }).click();
    await one.getByText("which dialect?").waitFor();
    assert.equal(await one.getByText("hello from the first browser").count(), 0);
  }],
  ["a session is launched and waits visibly for a host", async () => {
    await one.keyboard.press("o");
    await one.getByLabel("What is to be achieved?").fill("ship it");
    await one.getByLabel("Name").fill("Conductor");
    await one.getByRole("button", { name: "Launch", exact: true }).last().click();
    await view(one, "/sessions");
    const tile = one.locator("[data-session=s1]");
    await tile.getByText("Conductor").waitFor();
    await tile.getByText(/no spawner|waiting for a host/i).first().waitFor();
    await tile.getByRole("button", { name: /Conductor/ }).click();
    await one.getByLabel("Message to Conductor").fill("never mind");
    await one.keyboard.press("Control+Enter");
    await one.locator(".entry-words", { hasText: "never mind" }).waitFor();
    await one.getByRole("button", { name: "Stop" }).click();
    await one.getByRole("button", { name: "Really stop?" }).click();
    await one.locator(".focus-head .chip", { hasText: "Stopped" }).waitFor();
  }],
  ["the palette finds tasks, views and commands", async () => {
    await one.keyboard.press("Control+k");
    await one.keyboard.type("second");
    await one.locator("[cmdk-item]", { hasText: "Second" }).first().waitFor();
    await axe(one, "the palette");
    await one.keyboard.press("Enter");
    await one.getByRole("dialog").locator("h2", { hasText: "Second" }).waitFor();
    await one.keyboard.press("Escape");
    await one.keyboard.press("g");
    await one.keyboard.press("b");
    await one.locator(".board").waitFor();
  }],
  ["nothing serious for axe in any view, light and dark", async () => {
    for (const scheme of ["light", "dark"]) {
      await one.emulateMedia({ colorScheme: scheme });
      for (const path of ["", "/board", "/list", "/graph", "/timeline", "/sessions", "/sessions/s1"]) {
        await view(one, path);
        await one.locator(".main > *:not(.skeletons)").first().waitFor();
        await axe(one, `${path || "control"} in ${scheme}`);
      }
    }
    await one.emulateMedia({ colorScheme: "light" });
    await view(one, "");
    for (const key of ["c", "o", "?"]) {
      await one.keyboard.press(key);
      await one.getByRole("dialog").waitFor();
      await axe(one, `the dialog of ${key}`);
      await one.keyboard.press("Escape");
    }
  }],
  ["on a phone everything is reached by thumb, and nothing sticks out", async () => {
    await one.setViewportSize({ width: 390, height: 844 });
    const bar = one.locator(".tabbar");
    for (const name of ["Board", "List", "Graph", "Timeline", "Sessions", "Control"]) {
      await bar.getByRole("button", { name }).click();
      await one.locator(`.main-${name.toLowerCase()}`).waitFor();
      const wide = await one.evaluate(() => document.documentElement.scrollWidth);
      assert(wide <= 390, `${name} is ${wide} wide`);
      await axe(one, `${name} on a phone`);
    }
    await one.setViewportSize({ width: 1440, height: 900 });
  }],
  ["the scripts before a terminal or the graph are small", async () => {
    const page = await enter(browser, await freshCode());
    await view(page, "/board/t/t2");
    await page.getByRole("dialog").getByRole("table").waitFor();
    const bytes = await page.evaluate(() => performance.getEntriesByType("resource").filter((each) => each.name.endsWith(".js")).reduce((sum, each) => sum + each.encodedBodySize, 0));
    console.log(`scripts: ${Math.round(bytes / 1024)} kB compressed`);
    assert(bytes > 0 && bytes <= 350 * 1024, `${bytes}`);
    await page.context().close();
  }],
], () => [one, two]);
await browser.close();
console.log("the views work");
