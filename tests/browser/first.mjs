// How long a browser that was never here takes until it shows a project (PROJECT), and how much script it loads for it.

import { enter, freshCode, live, origin, start } from "./kit.mjs";

const project = process.env.PROJECT ?? "web";
const ROUNDS = 5;
const browser = await start();
const times = [];
let scriptBytes = 0;
for (let round = 0; round < ROUNDS; round++) {
  // Signed in elsewhere first: a new context has an empty cache, and gets the cookie of the other.
  const known = await enter(browser, await freshCode());
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addCookies(await known.context().cookies());
  await known.context().close();
  const page = await context.newPage();
  await page.addInitScript(() => {
    // The first moment at which a task is drawn.
    new MutationObserver((_, observer) => {
      if (document.querySelector("[data-task]")) {
        observer.disconnect();
        requestAnimationFrame(() => { window.firstView = performance.now(); });
      }
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(`${origin}/p/${project}/board`);
  await live(page);
  await page.waitForFunction(() => window.firstView !== undefined);
  times.push(await page.evaluate(() => window.firstView));
  scriptBytes = await page.evaluate(() => performance.getEntriesByType("resource").filter((each) => each.name.endsWith(".js")).reduce((sum, each) => sum + each.encodedBodySize, 0));
  await context.close();
}
await browser.close();
times.sort((a, b) => a - b);
console.log(JSON.stringify({ firstViewMs: times[Math.floor(ROUNDS / 2)], roundsMs: times.map(Math.round), scriptBytes }));
