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
    await page.getByRole("button", { name: "Retry now" }).click();
    await live(page);
    await rows.filter({ hasText: "TRUE COLOUR" }).waitFor();
    await page.locator(".terminal[data-state=live]").waitFor();
  }],
], () => [page]);
await browser.close();
gate.close();
console.log("terminals work");
