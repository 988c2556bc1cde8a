// What every test of the page needs: a way in, a connection that can be cut, commands past the page.

import assert from "node:assert/strict";
import net from "node:net";
import { createRequire } from "node:module";
import { findChromium, launch } from "./chromium.mjs";

export const origin = process.env.ORIGIN;
const token = process.env.TOKEN;
const SKIPPED = 77;

export async function start() {
  const executable = findChromium();
  if (!executable) {
    console.error("SKIPPED: no Chromium found; `apt-get install chromium`, or name one in CHROMIUM");
    process.exit(SKIPPED);
  }
  assert(origin && token, "ORIGIN and TOKEN name the bridge");
  return launch(executable);
}

/** An address with a fresh one-time code, at another door if wanted. */
export async function freshCode(door = origin) {
  const response = await fetch(`${origin}/api/code`, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  return `${door}/?code=${(await response.json()).code}`;
}

export const problems = [];

/** A browser of its own, signed in. Its errors are collected; those that a cut connection makes are none. */
export async function enter(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ignoreHTTPSErrors: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => problems.push(`${error.message}\n${error.stack}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/WebSocket|net::ERR_|Failed to load resource/.test(message.text())) problems.push(message.text());
  });
  await page.goto(url);
  await live(page);
  return page;
}

export const live = (page) => page.locator(".link-connected").first().waitFor({ state: "attached" });

/** A door to the bridge that can be shut for sockets: what is open is cut, what comes is refused. */
export async function door() {
  const { hostname, port } = new URL(origin);
  const open = new Map();
  let shut = false;
  const server = net.createServer((client) => {
    client.on("error", () => {});
    client.once("data", (first) => {
      const socket = first.toString("latin1").startsWith("GET /ws");
      if (socket && shut) return client.destroy();
      const bridge = net.connect(Number(port), hostname, () => {
        bridge.write(first);
        client.pipe(bridge);
        bridge.pipe(client);
      });
      bridge.on("error", () => client.destroy());
      bridge.on("close", () => client.destroy());
      client.on("close", () => bridge.destroy());
      if (socket) {
        open.set(client, bridge);
        client.on("close", () => open.delete(client));
      }
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    cut() {
      shut = true;
      for (const client of open.keys()) client.destroy();
    },
    /** What is open now stays so, and carries nothing any more. */
    freeze() {
      for (const [client, bridge] of open) {
        client.unpipe(bridge);
        bridge.unpipe(client);
      }
    },
    mend() { shut = false; },
    close() { server.close(); },
  };
}

/** Commands as the bridge's user, over sockets of their own inside a page that is signed in. */
export const commands = (page, list, project = "web") =>
  page.evaluate(async ([all, project]) => {
    const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const ulid = () => {
      let time = "";
      for (let rest = Date.now(), i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = DIGITS[rest % 32] + time;
      return time + Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => DIGITS[byte & 31]).join("");
    };
    // A client may send so many at once; more clients send more.
    const run = (some) => new Promise((done, failed) => {
      const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/ws`);
      const replies = [];
      let at = 0;
      const next = () => {
        if (at === some.length) {
          socket.close();
          return done(replies);
        }
        const [verb, data] = some[at++];
        const [entity, name] = verb.split(".");
        socket.send(JSON.stringify({ type: "cmd", id: ulid(), project, entity, verb: name, data }));
      };
      socket.onopen = () => socket.send('{"type":"hello","version":1}');
      socket.onerror = () => failed(new Error("no socket"));
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.type === "welcome") next();
        if (frame.type === "reply") {
          if (!frame.success) return failed(new Error(JSON.stringify(frame)));
          replies.push(frame.data);
          next();
        }
      };
    });
    const SLICE = 90;
    const slices = [];
    for (let from = 0; from < all.length; from += SLICE) slices.push(run(all.slice(from, from + SLICE)));
    return (await Promise.all(slices)).flat();
  }, [list, project]);

/** What a page looks like, on a desk and on a phone. */
export async function pictures(page, name) {
  const directory = process.env.SHOTS;
  if (!directory) return;
  const before = page.viewportSize();
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: `${directory}/${name}-${width}.png` });
  }
  await page.setViewportSize(before);
}

const axeSource = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What axe finds serious or critical. The page's policy lets no script in, so it is evaluated from outside. */
export async function axe(page, where) {
  const { readFile } = await import("node:fs/promises");
  await page.evaluate(await readFile(axeSource, "utf8"));
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.filter((each) => each.impact === "serious" || each.impact === "critical")
      .map((each) => `${each.id}: ${each.help}\n  ${each.nodes.slice(0, 4).map((node) => node.html.slice(0, 160) + " | " + node.failureSummary?.split("\n")[1]).join("\n  ")}`);
  });
  assert.deepEqual(found, [], `axe in ${where}`);
}

/** Runs one after the other; names the one that failed, with a picture. With KEEP_GOING the others still run. */
export async function scenario(steps, pages) {
  let failed = 0;
  for (const [name, step] of steps) {
    const began = Date.now();
    try {
      await step();
      console.log(`ok ${name} (${Date.now() - began} ms)`);
    } catch (error) {
      const directory = process.env.SHOTS;
      if (directory) for (const [index, page] of pages().entries()) await page.screenshot({ path: `${directory}/failed-${index}.png` }).catch(() => {});
      console.error(`FAILED ${name}: ${error.stack}\n${problems.splice(0).join("\n")}`);
      if (!process.env.KEEP_GOING) process.exit(1);
      failed += 1;
      for (const page of pages()) await page.keyboard.press("Escape");
    }
  }
  if (failed) process.exit(1);
  assert.deepEqual(problems, [], "the page runs without errors");
}
