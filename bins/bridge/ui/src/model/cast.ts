// A recording (asciicast v2) as a list of moments. Long pauses are shortened: nobody waits for an agent twice.

export interface Moment {
  /** Seconds from the beginning, pauses shortened. */
  at: number;
  /** Output, or a new size. */
  output?: string;
  size?: [cols: number, rows: number];
}

export interface Cast {
  cols: number;
  rows: number;
  duration: number;
  moments: Moment[];
}

export const LONGEST_PAUSE = 2;
const LARGEST = 1000;

/** `null`: it is no recording. Lines that make no sense are passed over; what follows is still shown. */
export function parseCast(text: string, pause = LONGEST_PAUSE): Cast | null {
  const [first, ...lines] = text.split("\n");
  const head = read(first) as { version?: unknown; width?: unknown; height?: unknown } | undefined;
  const size = head?.version === 2 ? sizeOf(head.width, head.height) : null;
  if (!size) return null;
  const moments: Moment[] = [];
  let [at, before] = [0, 0];
  for (const line of lines) {
    const event = read(line);
    if (!Array.isArray(event)) continue;
    const [time, kind, data] = event as unknown[];
    if (typeof time !== "number" || typeof data !== "string") continue;
    const changed = kind === "r" ? sizeOf(...(data.split("x").map(Number) as [number, number])) : null;
    if (kind !== "o" && !changed) continue;
    at += Math.min(pause, Math.max(0, time - before));
    before = Math.max(before, time);
    moments.push(changed ? { at, size: changed } : { at, output: data });
  }
  return { cols: size[0], rows: size[1], duration: at, moments };
}

function read(line: string | undefined): unknown {
  try {
    return line ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}

function sizeOf(cols: unknown, rows: unknown): [number, number] | null {
  const whole = (value: unknown): value is number => typeof value === "number" && Number.isInteger(value) && value > 0 && value <= LARGEST;
  return whole(cols) && whole(rows) ? [cols, rows] : null;
}

/** How many moments there are up to this second. */
export function momentsUntil(moments: readonly Moment[], second: number): number {
  let [low, high] = [0, moments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((moments[middle]?.at ?? 0) <= second) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** As a watch shows it: 0:07, 12:40, 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
