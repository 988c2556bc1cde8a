// A look at a terminal, twice a second at most while it is in sight: for tiles. It draws, it takes nothing.

import { useEffect, useRef, useState } from "react";
import { ask } from "../../store/store";
import { quietTerminal } from "./quiet";
import { sizeFor } from "./theme";

const PERIOD = 1000;

interface Screen {
  offset: number;
  cols: number;
  rows: number;
  text: string;
}

export default function Snapshot({ session, epoch }: { session: string; epoch: number }) {
  const place = useRef<HTMLDivElement>(null);
  const [missing, setMissing] = useState<string | null>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const { view, ready } = quietTerminal(element, { disableStdin: true, cursorInactiveStyle: "none", fontSize: 6, lineHeight: 1.1, scrollback: 0 });
    let shown = -1;
    let visible = true;
    let timer = 0;
    let gone = false;
    const look = async () => {
      if (visible && !document.hidden) {
        const reply = await ask({ type: "term.screen", session, epoch });
        if (gone) return;
        if (reply.success) {
          const screen = reply.data as Screen;
          setMissing(null);
          const size = sizeFor(element.clientWidth, screen.cols, 4, 9);
          if (view.options.fontSize !== size) view.options.fontSize = size;
          if (screen.offset !== shown || view.cols !== screen.cols || view.rows !== screen.rows) {
            shown = screen.offset;
            view.reset();
            view.resize(screen.cols, screen.rows);
            view.write(screen.text, () => {
              // What was written last is in sight.
              const row = (element.firstElementChild?.clientHeight ?? 0) / Math.max(1, view.rows);
              const below = (view.buffer.active.cursorY + 2) * row - element.clientHeight;
              element.scrollTop = Math.max(0, below);
            });
          }
        } else setMissing(reply.message);
      }
      timer = window.setTimeout(() => void look(), missing ? PERIOD * 5 : PERIOD);
    };
    const sight = new IntersectionObserver((entries) => { visible = entries.some((entry) => entry.isIntersecting); });
    sight.observe(element);
    void ready.then(() => {
      if (!gone) void look();
    });
    return () => {
      gone = true;
      window.clearTimeout(timer);
      sight.disconnect();
      view.dispose();
    };
  }, [session, epoch]);
  return (
    <div className="snapshot" inert aria-hidden="true">
      <div ref={place} className="snapshot-place" />
      {missing && <p className="terminal-note">No terminal to look at</p>}
    </div>
  );
}
