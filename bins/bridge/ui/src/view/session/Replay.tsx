// An ended session's terminal, played again: pause, seek, speed.

import type { Terminal } from "@xterm/xterm";
import { useEffect, useRef, useState } from "react";
import { clock, momentsUntil, parseCast, type Cast } from "../../model/cast";
import { Icon } from "../part/Icon";
import { quietTerminal } from "./quiet";
import { sizeFor } from "./theme";

const SPEEDS = [0.5, 1, 2, 4, 8, 16] as const;
const STEP = 5;

type Loaded = { state: "loading" } | { state: "missing"; why: string; hint?: string } | { state: "ready"; cast: Cast };

export default function Replay({ project, session, epoch }: { project: string; session: string; epoch: number }) {
  const [loaded, setLoaded] = useState<Loaded>({ state: "loading" });
  const address = `/api/recording/${project}/${session}/${epoch}`;
  useEffect(() => {
    const abort = new AbortController();
    void load(address, abort.signal).then((result) => { if (!abort.signal.aborted) setLoaded(result); });
    return () => abort.abort();
  }, [address]);
  if (loaded.state === "ready") return <Player cast={loaded.cast} address={address} name={`${project}.${session}.${epoch}.cast`} />;
  return (
    <div className="terminal replay-empty" data-state={loaded.state}>
      <p role="status">{loaded.state === "loading" ? "Loading the recording…" : loaded.why}</p>
      {loaded.state === "missing" && loaded.hint && <p className="faint">{loaded.hint}</p>}
    </div>
  );
}

async function load(address: string, signal: AbortSignal): Promise<Loaded> {
  try {
    const response = await fetch(address, { signal });
    if (!response.ok) {
      const { message, suggestion } = (await response.json()) as { message: string; suggestion?: string };
      return { state: "missing", why: message, ...(suggestion ? { hint: suggestion } : {}) };
    }
    const cast = parseCast(await response.text());
    return cast ? { state: "ready", cast } : { state: "missing", why: "What is kept is no recording that can be played." };
  } catch {
    return { state: "missing", why: "The recording did not arrive.", hint: "Try again when the connection is back." };
  }
}

function Player({ cast, address, name }: { cast: Cast; address: string; name: string }) {
  const place = useRef<HTMLDivElement>(null);
  const deck = useRef<Deck | null>(null);
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(true);
  const [speed, setSpeed] = useState<number>(1);

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const { view } = quietTerminal(element, { fontSize: 13, lineHeight: 1.15, disableStdin: true, cursorInactiveStyle: "none", scrollback: 2000, screenReaderMode: true });
    const made = new Deck(view, cast, () => { view.options.fontSize = sizeFor(element.clientWidth - 16, view.cols, 6, 14); });
    deck.current = made;
    made.seek(0);
    const observer = new ResizeObserver(() => made.fit());
    observer.observe(element);
    return () => {
      observer.disconnect();
      deck.current = null;
      view.dispose();
    };
  }, [cast]);

  useEffect(() => {
    if (!playing) return;
    let frame = 0;
    let last = performance.now();
    const tick = (now: number) => {
      const next = Math.min(cast.duration, (deck.current?.at ?? 0) + (Math.max(0, now - last) / 1000) * speed);
      last = now;
      deck.current?.seek(next);
      setAt(next);
      if (next >= cast.duration) setPlaying(false);
      else frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, cast]);

  const seek = (second: number) => {
    const wanted = Math.min(cast.duration, Math.max(0, second));
    deck.current?.seek(wanted);
    setAt(wanted);
  };
  const toggle = () => {
    if (!playing && at >= cast.duration) seek(0);
    setPlaying(!playing);
  };
  return (
    <div className="replay" data-playing={playing}>
      <div className="terminal"><div ref={place} className="terminal-place" /></div>
      <div className="replay-bar" role="group" aria-label="Replay">
        <button type="button" className="button icon-only" aria-label={playing ? "Pause" : "Play"} onClick={toggle}><Icon name={playing ? "pause" : "play"} /></button>
        <span className="replay-clock">{clock(at)}</span>
        <input
          type="range" aria-label="Position" min={0} max={cast.duration || 1} step="any" value={at} aria-valuetext={`${clock(at)} of ${clock(cast.duration)}`}
          onChange={(event) => seek(event.target.valueAsNumber)}
          onKeyDown={(event) => {
            const step = event.key === "ArrowRight" ? STEP : event.key === "ArrowLeft" ? -STEP : 0;
            if (!step) return;
            event.preventDefault();
            seek(at + step);
          }}
        />
        <span className="replay-clock">{clock(cast.duration)}</span>
        <label className="pick"><span className="hidden">Speed</span>
          <select value={speed} onChange={(event) => setSpeed(Number(event.target.value))}>{SPEEDS.map((each) => <option key={each} value={each}>{each}×</option>)}</select>
        </label>
        <a className="button icon-only" href={address} download={name} aria-label="Save the recording" title="Save the recording, for asciinema's player"><Icon name="download" /></a>
      </div>
    </div>
  );
}

/** The terminal and how far it has played. */
class Deck {
  at = 0;
  private played = 0;

  constructor(private readonly view: Terminal, private readonly cast: Cast, readonly fit: () => void) {
    this.rewind();
  }

  /** Forward it plays on; backward it begins again, which a terminal draws faster than anybody looks. */
  seek(second: number): void {
    const until = momentsUntil(this.cast.moments, second);
    if (until < this.played) this.rewind();
    let output = "";
    for (const moment of this.cast.moments.slice(this.played, until)) {
      if (moment.size) {
        this.write(output);
        output = "";
        const [cols, rows] = moment.size;
        // In its order among the bytes.
        this.view.write("", () => this.resize(cols, rows));
      } else output += moment.output ?? "";
    }
    this.write(output);
    this.played = until;
    this.at = second;
  }

  private rewind(): void {
    this.played = 0;
    this.view.reset();
    this.resize(this.cast.cols, this.cast.rows);
  }

  private resize(cols: number, rows: number): void {
    if (this.view.cols !== cols || this.view.rows !== rows) this.view.resize(cols, rows);
    this.fit();
  }

  private write(output: string): void {
    if (output) this.view.write(output);
  }
}
