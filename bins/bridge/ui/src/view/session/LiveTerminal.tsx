// One live terminal: what it showed before, its screen, and every byte from there; typing goes the other way.

import { FitAddon } from "@xterm/addon-fit";
import type { Terminal } from "@xterm/xterm";
import { useEffect, useRef, useState } from "react";
import { terminals } from "../../store/store";
import { useStore } from "../../store/state";
import { quietTerminal } from "./quiet";
import { sizeFor, themeOf } from "./theme";

const SCROLLBACK = 10_000;
/** Above this the terminal has not drawn yet what came; it is waited for. */
const BEHIND = 4 << 20;

export default function LiveTerminal({ session, epoch, typing }: { session: string; epoch: number; typing: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<"opening" | "live" | "closed">("opening");
  const [reason, setReason] = useState("");
  const theme = useStore((store) => store.prefs.theme);
  const terminal = useRef<Terminal | null>(null);

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const fit = new FitAddon();
    const { view } = quietTerminal(element, {
      scrollback: SCROLLBACK, fontSize: 13, lineHeight: 1.15, disableStdin: !typing, cursorBlink: typing, screenReaderMode: true,
    });
    view.loadAddon(fit);
    terminal.current = view;
    // A viewer makes the letters fit; who types makes the terminal fit.
    const scale = (cols: number) => {
      if (!typing) view.options.fontSize = sizeFor(element.clientWidth - 16, cols, 7, 14);
    };
    let behind = 0;
    const write = (bytes: Uint8Array) => {
      behind += bytes.length;
      view.write(bytes, () => { behind -= bytes.length; });
      if (behind > BEHIND) {
        // What it shows is old already: begin again with the screen.
        behind = 0;
        terminals.close(term);
        term = terminals.show(session, epoch, viewer);
      }
    };
    const viewer = {
      opened: (cols: number, rows: number) => {
        view.reset();
        view.resize(cols, rows);
        scale(cols);
        setState("live");
        if (typing) resize();
      },
      resized: (cols: number, rows: number) => {
        view.resize(cols, rows);
        scale(cols);
      },
      past: write,
      screen: (bytes: Uint8Array) => write(bytes),
      output: write,
      closed: (why: string) => {
        setReason(why);
        setState("closed");
      },
    };
    let term = terminals.show(session, epoch, viewer);
    const typed = view.onData((text) => terminals.type(term, text));
    // The one who types says how large it is; a viewer takes it as it is.
    const resize = () => {
      if (!typing) return scale(view.cols);
      const size = fit.proposeDimensions();
      if (size && size.cols > 1 && size.rows > 1 && (size.cols !== view.cols || size.rows !== view.rows)) {
        view.resize(size.cols, size.rows);
        terminals.resize(term, size.cols, size.rows);
      }
    };
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    if (typing) view.focus();
    return () => {
      observer.disconnect();
      typed.dispose();
      terminals.close(term);
      terminal.current = null;
      view.dispose();
    };
  }, [session, epoch, typing]);

  useEffect(() => {
    if (terminal.current && place.current) terminal.current.options.theme = themeOf(place.current);
  }, [theme]);

  return (
    <div className={`terminal terminal-${state}`} data-state={state}>
      <div ref={place} className="terminal-place" />
      {state === "opening" && <p className="terminal-note">Asking the holder for the screen…</p>}
      {state === "closed" && <p className="terminal-note" role="status">This terminal has ended: {reason}. Above is what is left of it.</p>}
    </div>
  );
}
