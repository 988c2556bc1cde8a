// One live terminal: what it showed before, its screen, and every byte from there; typing goes the other way.

import { FitAddon } from "@xterm/addon-fit";
import type { Terminal } from "@xterm/xterm";
import { useEffect, useRef, useState } from "react";
import { isLiving, type SessionStatus } from "../../model/entity";
import { terminals } from "../../store/store";
import { useStore } from "../../store/state";
import { Backlog } from "./backlog";
import { quietTerminal } from "./quiet";
import { sizeFor, themeOf } from "./theme";

const SCROLLBACK = 10_000;
/** Above this the terminal has not drawn yet what came; it is waited for. */
const BEHIND = 4 << 20;
/** A living session's terminal that nobody holds is looked for again. */
const AGAIN = 1500;
const AGAIN_AT_MOST = 10_000;
/** What is typed while the terminal catches up, at most. */
const KEPT = 4096;
/** In its place among what is written: nothing that came before is drawn behind it. */
const RESET = "\x1bc";
/** What Ctrl ] types: it leaves the terminal, as it does on the command line. */
const LEAVE = "\x1d";

type Phase = "waiting" | "opening" | "live" | "closed";

interface Props {
  session: string;
  status: SessionStatus;
  epoch: number;
  typing: boolean;
  /** The focus goes elsewhere. */
  onLeave(): void;
}

export default function LiveTerminal({ session, status, epoch, typing, onLeave }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [phase, setPhase] = useState<Phase>(status === "requested" ? "waiting" : "opening");
  const [reason, setReason] = useState("");
  const theme = useStore((store) => store.prefs.theme);
  const terminal = useRef<Terminal | null>(null);
  const now = useRef({ status, onLeave });
  const statusChanged = useRef(() => {});
  now.current = { status, onLeave };

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
    let gone = false;
    let term: number | null = null;
    let [seen, tries, kept, catchingUp] = [false, 0, "", false];
    let again: number | undefined;
    const open = () => {
      window.clearTimeout(again);
      if (gone || term !== null) return;
      term = terminals.show(session, epoch, viewer);
      if (kept) terminals.type(term, kept);
      [kept, catchingUp] = ["", false];
    };
    const backlog = new Backlog(BEHIND, {
      write: (bytes, drawn) => view.write(bytes, drawn),
      // What it shows is old already: it begins again with the screen when all of it is drawn.
      full: () => {
        if (term !== null) terminals.close(term);
        [term, catchingUp] = [null, true];
      },
      drained: open,
    });
    const write = (bytes: Uint8Array) => backlog.add(bytes);
    const viewer = {
      opened: (cols: number, rows: number, plain: boolean) => {
        [seen, tries] = [true, 0];
        view.options.convertEol = plain;
        view.write(RESET);
        view.resize(cols, rows);
        scale(cols);
        setPhase("live");
        if (typing) resize();
      },
      resized: (cols: number, rows: number) => {
        view.resize(cols, rows);
        scale(cols);
      },
      left: () => view.write(RESET),
      past: write,
      screen: write,
      output: write,
      closed: (why: string) => {
        term = null;
        setReason(why);
        if (!isLiving(now.current.status)) return setPhase("closed");
        // Its host may be about to show it, or the session's end is still on its way here.
        setPhase("waiting");
        again = window.setTimeout(open, Math.min(AGAIN_AT_MOST, AGAIN * 1.5 ** tries++));
      },
    };
    statusChanged.current = () => {
      if (term !== null || catchingUp || now.current.status === "requested") return;
      tries = 0;
      if (isLiving(now.current.status) || !seen) open();
      else {
        window.clearTimeout(again);
        setPhase("closed");
      }
    };
    statusChanged.current();
    const typed = view.onData((text) => {
      if (text === LEAVE) {
        view.blur();
        now.current.onLeave();
      } else if (term !== null) terminals.type(term, text);
      else if (catchingUp && kept.length + text.length <= KEPT) kept += text;
    });
    // Tab and Shift+Tab are the agent's where it is typed into, and the page's where there is nobody to type to.
    view.attachCustomKeyEventHandler((event) => {
      if (event.key !== "Tab") return true;
      const taken = typing && (term !== null || catchingUp);
      if (taken) event.preventDefault();
      return taken;
    });
    // The one who types says how large it is; a viewer takes it as it is.
    const resize = () => {
      if (!typing) return scale(view.cols);
      const size = fit.proposeDimensions();
      if (size && size.cols > 1 && size.rows > 1 && (size.cols !== view.cols || size.rows !== view.rows)) {
        view.resize(size.cols, size.rows);
        if (term !== null) terminals.resize(term, size.cols, size.rows);
      }
    };
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    if (typing) view.focus();
    return () => {
      gone = true;
      window.clearTimeout(again);
      observer.disconnect();
      typed.dispose();
      if (term !== null) terminals.close(term);
      terminal.current = null;
      statusChanged.current = () => {};
      view.dispose();
    };
  }, [session, epoch, typing]);

  useEffect(() => statusChanged.current(), [status]);

  useEffect(() => {
    if (terminal.current && place.current) terminal.current.options.theme = themeOf(place.current);
  }, [theme]);

  return (
    <div className={`terminal terminal-${phase}`} data-state={phase}>
      <div ref={place} className="terminal-place" />
      {phase === "opening" && <p className="terminal-note">Asking the holder for the screen…</p>}
      {phase === "waiting" && <p className="terminal-note" role="status">Waiting for the host: the terminal appears here by itself.</p>}
      {phase === "closed" && <p className="terminal-note" role="status">This terminal has ended: {reason}. Above is what is left of it.</p>}
    </div>
  );
}
