// node shots.mjs URL-WITH-CODE DIRECTORY [VIEW…]: every view at three widths, light and dark, to be looked at.

import { mkdirSync } from "node:fs";
import { findChromium, launch } from "./chromium.mjs";

const [address, directory, ...only] = process.argv.slice(2);
const WIDTHS = [[1440, 900], [1024, 768], [390, 844]];

export async function shots(page, origin, project, directory, names = []) {
  mkdirSync(directory, { recursive: true });
  const base = `${origin}/p/${project}`;
  const views = {
    control: "", board: "/board", list: "/list", graph: "/graph", timeline: "/timeline", sessions: "/sessions", task: "/board/t/t4", session: "/sessions/s1", asks: "/sessions/s3", replay: "/sessions/s2", changes: "/sessions/s1",
    new_task: "?", launch: "?", palette: "?", settings: "?",
  };
  for (const [name, path] of Object.entries(views)) {
    if (names.length && !names.includes(name)) continue;
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(base + (path === "?" ? "" : path));
    await page.locator(".dot").first().waitFor({ state: "attached" });
    await page.waitForSelector(".main > *:not(.skeletons)");
    if (name === "replay") {
      await page.getByRole("button", { name: "Replay", exact: true }).click();
      await page.getByRole("button", { name: "Pause" }).waitFor();
    }
    if (name === "changes") {
      await page.getByRole("button", { name: "Changes", exact: true }).click();
      await page.locator(".patch").first().waitFor();
    }
    if (name === "new_task") await page.keyboard.press("c");
    if (name === "launch") await page.keyboard.press("o");
    if (name === "palette") { await page.keyboard.press("Control+k"); await page.keyboard.type("re"); }
    if (name === "settings") await page.getByRole("button", { name: "Settings" }).first().click();
    for (const [width, height] of WIDTHS) {
      await page.setViewportSize({ width, height });
      for (const scheme of width === 1024 ? ["light"] : ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.waitForTimeout(name === "session" || name === "sessions" || name === "graph" ? 600 : 120);
        await page.screenshot({ path: `${directory}/${name}-${width}-${scheme}.png` });
      }
    }
  }
}

if (address && process.argv[1]?.endsWith("shots.mjs")) {
  const browser = await launch(findChromium());
  const page = await (await browser.newContext()).newPage();
  page.on("console", (message) => { if (message.type() === "error") console.log("console", message.text().slice(0, 60), JSON.stringify(message.location())); });
  page.on("pageerror", (error) => console.log("pageerror", error.message, error.stack));
  await page.goto(address);
  await page.waitForSelector(".sidebar, .full");
  const project = process.env.PROJECT ?? "web";
  await shots(page, new URL(address).origin, project, directory, only);
  await browser.close();
}
