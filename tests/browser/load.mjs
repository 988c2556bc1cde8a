// node load.mjs (ORIGIN and TOKEN as the tests have them): ten thousand tasks, a hundred events a second, and how long the
// page's main thread is ever busy without a break. A figure for people and `make bench`, no assertion: the machine is shared.

import { commands, enter, freshCode, live, origin, start } from "./kit.mjs";

const tasks = Number(process.env.TASKS ?? 10_000);
const seconds = Number(process.env.SECONDS ?? 60);
const RATE = 100;
const browser = await start();
const writer = await enter(browser, await freshCode());
const CHUNK = 2_000;
for (let from = 0; from < tasks; from += CHUNK) {
  await commands(writer, Array.from({ length: Math.min(CHUNK, tasks - from) }, (_, n) => ["task.create", { title: `task ${from + n}`, labels: [`part-${n % 7}`] }]));
}
const page = await enter(browser, await freshCode());
const client = await page.context().newCDPSession(page);
await client.send("Performance.enable");
const heap = async () => {
  await client.send("HeapProfiler.collectGarbage");
  const { metrics } = await client.send("Performance.getMetrics");
  return metrics.find((each) => each.name === "JSHeapUsedSize").value;
};
for (const view of ["board", "list", "control"]) {
  const began = Date.now();
  await page.goto(`${origin}/p/web/${view === "control" ? "" : view}`);
  await live(page);
  await page.locator(".main > *:not(.skeletons)").first().waitFor();
  const loaded = Date.now() - began;
  await page.waitForTimeout(2000);
  await page.evaluate(() => {
    window.longest = [];
    new PerformanceObserver((list) => window.longest.push(...list.getEntries().map((each) => each.duration))).observe({ type: "longtask" });
  });
  const before = await heap();
  const events = (async () => {
    for (let second = 0; second < seconds; second++) {
      const next = new Promise((resolve) => setTimeout(resolve, 1000));
      await commands(writer, Array.from({ length: RATE }, (_, n) => ["task.comment", { task: `t${1 + ((second * RATE + n) * 37) % tasks}`, message: `event ${second}.${n}` }]));
      await next;
    }
  })();
  await events;
  const longest = await page.evaluate(() => window.longest.sort((a, b) => b - a).slice(0, 5).map(Math.round));
  console.log(JSON.stringify({ view, tasks, seconds, loadedMs: loaded, longTasksMs: longest, heapMb: [before, await heap()].map((bytes) => Math.round(bytes / 1048576)) }));
}
await browser.close();
