// node screenshots.mjs URL-WITH-CODE DIRECTORY [PATH]: the page at three widths, light and dark, to be looked at.

import { mkdirSync } from "node:fs";
import { findChromium, launch } from "./chromium.mjs";

const [address, directory, path] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
const browser = await launch(findChromium());
const context = await browser.newContext();
const page = await context.newPage();
page.on("console", (message) => console.log("console", message.type(), message.text()));
page.on("pageerror", (error) => console.log("pageerror", error.message));
await page.goto(address);
await page.waitForSelector("[data-task], .empty, .full");
if (path) await page.goto(new URL(path, address).href);
for (const [width, height] of [[1440, 900], [1024, 768], [390, 844]]) {
  await page.setViewportSize({ width, height });
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.waitForTimeout(400);
    await page.screenshot({ path: `${directory}/${width}-${scheme}.png` });
  }
}
await page.emulateMedia({ colorScheme: "light" });
for (const tab of ["Agents", "Timeline"]) {
  const button = page.getByRole("navigation", { name: "Views" }).getByRole("button", { name: tab });
  if (!path && (await button.isVisible())) {
    await button.click();
    await page.waitForTimeout(200);
    await page.screenshot({ path: `${directory}/390-${tab.toLowerCase()}.png` });
  }
}
await browser.close();
