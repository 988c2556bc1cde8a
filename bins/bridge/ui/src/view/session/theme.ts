import type { ITheme } from "@xterm/xterm";

const DARK = ["#1d1f24", "#ff7b76", "#5ccb8b", "#e5b455", "#6aaeff", "#c39bff", "#56c7d6", "#d6d8de", "#6b6f7a", "#ff9c98", "#86e0ab", "#f2cc7e", "#94c5ff", "#d9bfff", "#86dfea", "#ffffff"];

/** Terminals are dark in both themes: agents' colours are chosen for that. */
export function themeOf(element: Element): ITheme {
  const style = getComputedStyle(element);
  const [black, red, green, yellow, blue, magenta, cyan, white, brightBlack, brightRed, brightGreen, brightYellow, brightBlue, brightMagenta, brightCyan, brightWhite] = DARK;
  return {
    background: style.getPropertyValue("--terminal").trim() || "#111215", foreground: "#d6d8de", cursor: "#8f9aff", selectionBackground: "#4350d077",
    black, red, green, yellow, blue, magenta, cyan, white, brightBlack, brightRed, brightGreen, brightYellow, brightBlue, brightMagenta, brightCyan, brightWhite,
  } as ITheme;
}

/** By its name: the library measures it where variables of style sheets are unknown. */
export const FONT = '"JetBrains Mono Variable", ui-monospace, Menlo, Consolas, monospace';
const ADVANCE = 0.602;
const STEP = 4;

/** The font's size at which so many columns fill the width, in quarters of a pixel. */
export const sizeFor = (width: number, cols: number, least: number, most: number): number =>
  Math.max(least, Math.min(most, Math.floor((width / cols / ADVANCE) * STEP) / STEP));

/** Measured before it is there, every character would have the wrong width. */
export async function fontReady(): Promise<void> {
  try {
    await Promise.all([document.fonts.load(`13px ${FONT}`), document.fonts.load(`bold 13px ${FONT}`)]);
  } catch {
    // Then another font is measured and shown.
  }
}
