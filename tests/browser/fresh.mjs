// A home without any project: what the page says, and that the first one appears by itself.

import assert from "node:assert/strict";
import { axe, commands, enter, freshCode, live, origin, pictures, scenario, start } from "./kit.mjs";

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
  ["what the bridge says of a lost connection stands beside it, and what it refuses is not repeated", async () => {
    const other = await page.context().newPage();
    let [opened, code] = [0, 1012];
    await other.routeWebSocket("**/ws", (socket) => {
      opened += 1;
      socket.onMessage(() => {
        const said = code === 1012 ? { code: "unavailable", message: "the ledger cannot be read now" } : { code: "unsupported_version", message: "this bridge speaks version 2", suggestion: "load the page again" };
        socket.send(JSON.stringify({ type: "error", retryable: false, ...said }));
        void socket.close({ code, reason: "for the test" });
      });
    });
    await other.goto(`${origin}/p/web/board`);
    await other.locator(".bar", { hasText: "The connection is lost." }).getByText("the ledger cannot be read now").waitFor();
    await pictures(other, "lost");
    code = 1002;
    await other.getByText("The bridge does not speak with this page.").waitFor();
    await other.locator(".bar").getByText("this bridge speaks version 2").waitFor();
    await axe(other, "refused");
    await pictures(other, "refused");
    const before = opened;
    await other.waitForTimeout(2500);
    assert.equal(opened, before, "not tried again by itself");
    await other.getByRole("button", { name: "Try again" }).click();
    await other.getByText("The bridge does not speak with this page.").waitFor();
    assert.equal(opened, before + 1);
    await other.close();
  }],
], () => [page]);
await browser.close();
console.log("a fresh home works");
