// A goal is typed into the page; a scripted orchestrator plans it and starts workers; one asks, is answered, and all is done.

import assert from "node:assert/strict";
import { enter, freshCode, live, origin, scenario, start } from "./kit.mjs";

const browser = await start();
const page = await enter(browser, await freshCode());
const phone = await enter(browser, await freshCode(), { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

// Agents use nothing but the command line that their environment names.
const worker = (task, work) => `"$MAESTRO_BIN" session spawn --agent shell --name "Worker on ${task}" --task ${task} -- bash -c '${work}'`;
const until = (status) => `until "$MAESTRO_BIN" --json task list --status ${status} | grep -q Parse; do sleep 0.2; done`;
const PLAN = [
  '"$MAESTRO_BIN" task create "Parse" --subtask lexer --subtask grammar',
  '"$MAESTRO_BIN" task create "Print" --depends-on t1',
  worker("t1", '"$MAESTRO_BIN" task start t1; "$MAESTRO_BIN" subtask complete t1 st1; "$MAESTRO_BIN" task block t1 --reason "which dialect?"; '
    + `${until("in_progress")}; "$MAESTRO_BIN" subtask complete t1 st2; "$MAESTRO_BIN" task complete t1 --summary "parsed"`),
  until("completed"),
  worker("t2", '"$MAESTRO_BIN" task start t2; "$MAESTRO_BIN" task complete t2 --summary "printed"'),
].join("; ");

await scenario([
  ["an orchestrator is launched", async () => {
    await page.goto(`${origin}/p/web`);
    await live(page);
    await page.keyboard.press("o");
    await page.getByLabel("What is to be achieved?").fill("a printer");
    await page.locator("label", { hasText: /^Agent/ }).locator("select").selectOption("shell");
    await page.getByLabel("Command, for the shell").fill(PLAN);
    await page.getByLabel("Name").fill("Conductor");
    await page.getByRole("button", { name: "Launch", exact: true }).last().click();
    await page.locator(".worker", { hasText: "Conductor" }).waitFor();
  }],
  ["its plan and its worker appear, with the step it is at, here and on a phone", async () => {
    for (const each of [page, phone]) {
      await each.goto(`${origin}/p/web`);
      const row = each.locator(".worker", { hasText: "Worker on t1" });
      await row.locator(".worker-step", { hasText: "grammar" }).waitFor();
      await row.getByText("1/2").waitFor();
    }
  }],
  ["the question reaches a person, who answers it on the phone", async () => {
    await phone.locator(".need", { hasText: "which dialect?" }).click();
    await phone.getByLabel("Your answer goes to whoever works on it").fill("the German one");
    await phone.getByRole("button", { name: "Answer and unblock" }).last().click();
    await phone.locator(".chip", { hasText: /In progress|Completed/ }).first().waitFor();
  }],
  ["the worker goes on, the dependant becomes ready and is done too", async () => {
    await page.goto(`${origin}/p/web/board`);
    for (const id of ["t1", "t2"]) await page.locator(`[data-status=completed] [data-task=${id}]`).waitFor({ timeout: 90_000 });
    await page.goto(`${origin}/p/web/graph`);
    await page.locator(".node.tone-completed[data-task=t2]").waitFor();
    await page.goto(`${origin}/p/web/timeline`);
    await page.getByText("the German one").first().waitFor();
    const text = await page.locator(".entries").innerText();
    assert(text.includes("parsed") && text.includes("printed"), text);
  }],
], () => [page, phone]);
await browser.close();
console.log("the orchestration was seen");
