// A terminal in the page: a tile that looks, a live one in focus, typing, a connection that is cut, and output that means harm.

import assert from "node:assert/strict";
import { axe, door, enter, freshCode, live, scenario, start } from "./kit.mjs";

const browser = await start();
const gate = await door();
const page = await enter(browser, await freshCode(gate.origin), { permissions: ["clipboard-read", "clipboard-write"] });
const rows = page.locator(".focus .xterm-rows");
const screen = page.locator(".focus .xterm-screen");
const opened = [];
page.context().on("page", (other) => opened.push(other.url()));

await scenario([
  ["a tile shows the screen", async () => {
    await page.goto(`${gate.origin}/p/web/sessions`);
    await page.locator("[data-session=s1] .xterm-rows").filter({ hasText: "TRUE COLOUR" }).waitFor();
    await axe(page, "tiles");
  }],
  ["the live one shows it too, in the agent's own colours", async () => {
    await page.locator("[data-session=s1] .tile-head").click();
    await rows.filter({ hasText: "TRUE COLOUR" }).waitFor();
    const colour = await rows.getByText("TRUE").first().evaluate((element) => getComputedStyle(element).color);
    assert.equal(colour, "rgb(10, 200, 30)");
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/terminal.png` });
    await axe(page, "a live terminal");
  }],
  ["nothing is typed before it is wanted", async () => {
    await screen.click();
    await page.keyboard.type("unheard");
    await page.getByRole("button", { name: "Type into it" }).click();
    await rows.filter({ hasText: "$" }).waitFor();
    await page.locator(".focus .xterm-helper-textarea").focus();
    await page.keyboard.type("hello agent");
    await rows.filter({ hasText: "$ hello agent" }).waitFor();
    assert(!(await rows.innerText()).includes("unheard"));
  }],
  ["output sets no clipboard, no title, opens nothing, and types nothing back", async () => {
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "");
    assert.equal(await page.title(), "Maestro");
    const { x, y } = await rows.getByText("link").boundingBox();
    await page.mouse.click(x + 4, y + 4);
    assert.deepEqual(opened, []);
    assert.equal(new URL(page.url()).pathname, "/p/web/sessions/s1");
    assert.equal(await rows.locator("a").count(), 0);
  }],
  ["after a cut it is there again by itself", async () => {
    gate.cut();
    await page.getByText("The connection is lost.").waitFor();
    gate.mend();
    await live(page);
    await rows.filter({ hasText: "TRUE COLOUR" }).waitFor();
    await page.locator(".terminal[data-state=live]").waitFor();
  }],
  ["what a session changed is shown file by file, as text", async () => {
    await page.getByRole("button", { name: "Changes", exact: true }).click();
    const file = page.locator(".change", { hasText: "src/parse.rs" });
    await file.locator(".patch-added", { hasText: "let tokens = lex(text)?;" }).waitFor();
    assert.equal(await file.locator(".patch-removed").innerText().then((text) => text.includes("<img src=x onerror=alert(1)>")), true);
    assert.equal(await page.locator("main img").count(), 0);
    assert((await file.locator(".counts").innerText()).includes("+2"));
    await page.getByText("parse: tokens before the grammar").waitFor();
    await file.locator(".change-head").click();
    assert.equal(await file.locator(".patch").count(), 0);
    await axe(page, "changes");
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/changes.png` });
    await page.getByRole("button", { name: "Terminal", exact: true }).click();
    await rows.filter({ hasText: "TRUE COLOUR" }).waitFor();
  }],
  ["an ended session is played again: pause, seek, speed, and no harm", async () => {
    await page.goto(`${gate.origin}/p/web/sessions/s2`);
    await live(page);
    await page.getByRole("button", { name: "Replay", exact: true }).click();
    await rows.filter({ hasText: "first words" }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    const position = page.getByRole("slider", { name: "Position" });
    assert(Number(await position.getAttribute("max")) < 5, "a pause of ten minutes is shortened");
    await position.focus();
    await page.keyboard.press("ArrowRight");
    await rows.filter({ hasText: "the very end" }).waitFor();
    assert.equal(await page.title(), "Maestro");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "");
    await page.keyboard.press("ArrowLeft");
    await rows.filter({ hasNotText: "first words" }).waitFor();
    await page.getByLabel("Speed").selectOption("16");
    await page.getByRole("button", { name: "Play", exact: true }).click();
    await rows.filter({ hasText: "the very end" }).waitFor();
    await page.getByRole("button", { name: "Play", exact: true }).waitFor();
    await axe(page, "a replay");
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/replay.png` });
  }],
], () => [page]);
await browser.close();
gate.close();
console.log("terminals work");
