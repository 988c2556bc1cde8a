// A terminal for output of agents: it may not set the clipboard, name windows, or make links that were not seen.

import { Terminal, type ITerminalInitOnlyOptions, type ITerminalOptions } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { styleByObjects } from "./style";
import { FONT, fontReady, themeOf } from "./theme";

/** Titles, icons, links, the clipboard. */
const HARMLESS = [0, 1, 2, 8, 52];

/** Opened in `element`; `ready` when its font is there, so that it measures the right one. */
export function quietTerminal(element: HTMLElement, options: ITerminalOptions & ITerminalInitOnlyOptions): { view: Terminal; ready: Promise<void> } {
  styleByObjects();
  const view = new Terminal({ fontFamily: FONT, theme: themeOf(element), linkHandler: null, windowOptions: {}, allowProposedApi: false, ...options });
  for (const code of HARMLESS) view.parser.registerOscHandler(code, () => true);
  view.open(element);
  const ready = fontReady().then(() => {
    // The library measures again when the option changes.
    if (element.isConnected) view.options.fontFamily = `${FONT}, monospace`;
  });
  return { view, ready };
}
