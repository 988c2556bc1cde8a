// Ten thousand tasks and a hundred events a second: how long the page's main thread is ever busy without a break, and
// whether its memory stays. TASKS, SECONDS (a view), MEMORY (seconds of the long look) and VIEWS say how much of it.
//
// CPU time of the longest task is what must hold everywhere, and it is asserted: others on the machine do not count in
// it. The browser's long tasks are wall time; they are asserted with STRICT, on a machine that has nothing else to do.

import assert from "node:assert/strict";
import { commands, enter, freshCode, live, origin, problems, start } from "./kit.mjs";

const { TASKS = 10_000, SECONDS = 60, MEMORY = 0, VIEWS = "board,list,control,timeline", STRICT, PROFILE } = process.env;
const tasks = Number(TASKS);
const RATE = 100;
const LONGEST = 100;
const CHUNK = 400;
/** What a page may grow by in the long look: caches that fill, no more. */
const GROWTH = 24 << 20;

const browser = await start();
const writer = await enter(browser, await freshCode());
// It only writes: what a second page would draw of ten thousand tasks is not looked at.
await writer.goto(`${origin}/healthz`);
const PRIORITIES = ["low", "medium", "high", "critical"];
const made = Array.from({ length: tasks }, (_, n) => ({ key: `k${n}`, title: `task ${n}`, labels: [`part-${n % 7}`], priority: PRIORITIES[n % 4] }));
for (let from = 0; from < tasks; from += CHUNK) await commands(writer, [["task.import", { source: "load", tasks: made.slice(from, from + CHUNK) }]]);
// Something in every column.
await commands(writer, Array.from({ length: Math.min(tasks, 240) }, (_, n) => ["task.start", { task: `t${n * 3 + 1}` }]));
await commands(writer, Array.from({ length: Math.min(tasks, 120) }, (_, n) => (n % 3 ? ["task.complete", { task: `t${n * 6 + 1}` }] : ["task.block", { task: `t${n * 6 + 1}`, reason: "waits for the others" }])));

const page = await enter(browser, await freshCode());
const client = await page.context().newCDPSession(page);
await client.send("Performance.enable");

async function heap() {
  await client.send("HeapProfiler.collectGarbage");
  const { metrics } = await client.send("Performance.getMetrics");
  return metrics.find((each) => each.name === "JSHeapUsedSize").value;
}

let sent = 0;
async function events(seconds) {
  for (let second = 0; second < seconds; second++) {
    const next = new Promise((resolve) => setTimeout(resolve, 1000));
    await commands(writer, Array.from({ length: RATE }, () => {
      const n = sent++;
      const task = `t${1 + (n * 37) % tasks}`;
      return n % 2 ? ["task.comment", { task, message: `event ${n}` }] : ["task.update", { task, priority: PRIORITIES[(n >> 1) % 4] }];
    }));
    await next;
  }
}

/** CPU time of the longest tasks of the page's main thread, ms. */
function busiest(trace) {
  const { traceEvents } = JSON.parse(trace.toString());
  const mains = new Set(traceEvents.filter((each) => each.name === "thread_name" && each.args.name === "CrRendererMain").map((each) => `${each.pid} ${each.tid}`));
  const runs = traceEvents.filter((each) => each.ph === "X" && each.name.includes("RunTask") && each.tdur !== undefined && mains.has(`${each.pid} ${each.tid}`));
  assert(runs.length > 10, "the trace holds tasks of the main thread");
  return runs.map((each) => each.tdur / 1000).sort((a, b) => b - a).slice(0, 5).map(Math.round);
}

/** Where the time went, by function. */
function hottest({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const own = new Map();
  samples.forEach((id, index) => {
    const { functionName, url, lineNumber, columnNumber } = byId.get(id).callFrame;
    const key = `${functionName || "(anonymous)"} ${url.split("/").pop()}:${lineNumber}:${columnNumber}`;
    own.set(key, (own.get(key) ?? 0) + timeDeltas[index] / 1000);
  });
  return [...own].sort((a, b) => b[1] - a[1]).slice(0, 25).map(([name, ms]) => `${Math.round(ms)} ms ${name}`);
}

const failures = [];
for (const view of VIEWS.split(",")) {
  const began = Date.now();
  await page.goto(`${origin}/p/web/${view === "control" ? "" : view}`);
  await live(page);
  await page.locator(".main > *:not(.skeletons)").first().waitFor();
  const loadedMs = Date.now() - began;
  await page.waitForTimeout(2000);
  await page.evaluate(() => {
    window.longest = [];
    new PerformanceObserver((list) => window.longest.push(...list.getEntries().map((each) => each.duration))).observe({ type: "longtask" });
  });
  if (PROFILE) {
    await client.send("Profiler.enable");
    await client.send("Profiler.start");
  }
  await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline", "devtools.timeline", "__metadata"] });
  await events(Number(SECONDS));
  const cpuMs = busiest(await browser.stopTracing());
  if (PROFILE) console.log(hottest((await client.send("Profiler.stop")).profile).join("\n"));
  const longTasksMs = await page.evaluate(() => window.longest.sort((a, b) => b - a).slice(0, 5).map(Math.round));
  console.log(JSON.stringify({ view, tasks, seconds: Number(SECONDS), loadedMs, cpuMs, longTasksMs }));
  if (cpuMs[0] > LONGEST) failures.push(`${view}: a task took ${cpuMs[0]} ms of CPU`);
  if (STRICT && longTasksMs[0] > LONGEST) failures.push(`${view}: a task took ${longTasksMs[0]} ms`);
}

if (Number(MEMORY)) {
  await page.goto(`${origin}/p/web`);
  await live(page);
  await events(10);
  const heaps = [await heap()];
  const PARTS = 5;
  for (let part = 0; part < PARTS; part++) {
    await events(Number(MEMORY) / PARTS);
    heaps.push(await heap());
  }
  console.log(JSON.stringify({ memorySeconds: Number(MEMORY), heapMb: heaps.map((bytes) => Math.round(bytes / 1048576)) }));
  if (heaps.at(-1) - heaps[0] > GROWTH) failures.push(`the heap grew from ${heaps[0]} to ${heaps.at(-1)} bytes`);
}
await browser.close();
assert.deepEqual([...failures, ...problems], []);
console.log("the page stays usable");
