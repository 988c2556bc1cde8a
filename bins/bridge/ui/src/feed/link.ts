// How the connection lives: what it is in, what happens to it, and what is to be done then. No socket, no clock, no chance:
// they come in as values.

export type Link =
  | { state: "connecting" }
  | { state: "connected" }
  | { state: "reconnecting"; at: number; attempt: number }
  /** The bridge does not know this browser; `trying`: it is being asked again. */
  | { state: "signed_out"; trying: boolean }
  /** The bridge does not speak with this page; the same again would be refused again. */
  | { state: "refused" };

export type State =
  /** A socket is there and not welcomed yet. `silent`: ticks without a word. */
  | { is: "opening"; attempt: number; silent: number; signedOut: boolean }
  /** `unanswered`: pings since the last word. */
  | { is: "welcomed"; unanswered: number }
  | { is: "waiting"; attempt: number; until: number; signedOut: boolean }
  | { is: "signed_out" }
  | { is: "refused" };

export type Happening =
  | { what: "welcome" }
  /** Any other message. */
  | { what: "heard" }
  /** Every `PING` while there is a socket. */
  | { what: "tick" }
  /** The network is back, or somebody looks at the page again. */
  | { what: "woken" }
  /** Nothing was heard for `PROBE` after a probe. */
  | { what: "overdue" }
  /** The socket ended by itself. `broken`: the bridge said that this client breaks the protocol. */
  | { what: "closed"; broken: boolean }
  /** The countdown is over. */
  | { what: "due" }
  | { what: "retry" }
  /** Whether this browser is signed in, when that was asked for. */
  | { what: "session"; signedOut: boolean };

/** `ask`: whether this browser is signed in. `probe`: a ping that must be answered soon. */
export type Act = "connect" | "hang_up" | "ping" | "probe" | "ask";

/** What it is like where it happens. */
export interface Moment {
  now: number;
  chance: number;
}

export interface Step {
  state: State;
  acts: readonly Act[];
}

/** Ticks come late in a hidden tab, once a minute: what counts is how many pings were not answered, not how long ago. */
export const PING = 5_000;
export const UNANSWERED = 2;
/** Ticks that a handshake may take: the bridge itself waits some seconds for its ledger. */
export const SILENT = 4;
export const PROBE = 3_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

/** How long to wait before the nth try: 0.5 s, doubling to 15 s, a quarter of it chance. */
export const wait = (attempt: number, chance: number): number =>
  Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)) * (0.75 + chance / 4);

/** Before the first try; it is due. */
export const BEGIN: State = { is: "waiting", attempt: 0, until: 0, signedOut: false };

const stay = (state: State): Step => ({ state, acts: [] });

const opening = (attempt: number, signedOut: boolean, acts: readonly Act[]): Step =>
  ({ state: { is: "opening", attempt, silent: 0, signedOut }, acts });

const lost = (before: number, signedOut: boolean, { now, chance }: Moment, acts: readonly Act[]): Step => {
  const attempt = before + 1;
  return { state: { is: "waiting", attempt, until: now + wait(attempt, chance), signedOut }, acts };
};

export function next(state: State, happening: Happening, moment: Moment): Step {
  switch (state.is) {
    case "opening": return whileOpening(state, happening, moment);
    case "welcomed": return whileWelcomed(state, happening, moment);
    case "waiting": return whileWaiting(state, happening);
    case "signed_out":
      return happening.what === "retry" || happening.what === "woken" ? opening(0, true, ["connect"]) : stay(state);
    case "refused":
      return happening.what === "retry" ? opening(0, false, ["connect"]) : stay(state);
  }
}

function whileWaiting(state: Extract<State, { is: "waiting" }>, happening: Happening): Step {
  switch (happening.what) {
    case "due": case "retry": case "woken": return opening(state.attempt, state.signedOut, ["connect"]);
    case "session": return happening.signedOut ? stay({ is: "signed_out" }) : stay(state);
    case "welcome": case "heard": case "tick": case "overdue": case "closed": return stay(state);
  }
}

function whileOpening(state: Extract<State, { is: "opening" }>, happening: Happening, moment: Moment): Step {
  const { attempt, silent, signedOut } = state;
  switch (happening.what) {
    case "welcome": return stay({ is: "welcomed", unanswered: 0 });
    case "heard": return stay({ ...state, silent: 0 });
    case "tick":
      return silent >= SILENT ? lost(attempt, signedOut, moment, ["hang_up", "ask"]) : stay({ ...state, silent: silent + 1 });
    // One that was begun just now is as good as another.
    case "woken": return silent > 0 ? opening(attempt, signedOut, ["hang_up", "connect"]) : stay(state);
    case "retry": return opening(attempt, signedOut, ["hang_up", "connect"]);
    // A refused handshake does not say why; the session does.
    case "closed": return happening.broken ? stay({ is: "refused" }) : lost(attempt, signedOut, moment, ["ask"]);
    case "overdue": case "due": case "session": return stay(state);
  }
}

function whileWelcomed(state: Extract<State, { is: "welcomed" }>, happening: Happening, moment: Moment): Step {
  switch (happening.what) {
    case "welcome": case "heard": return state.unanswered ? stay({ is: "welcomed", unanswered: 0 }) : stay(state);
    case "tick":
      // The close event of a dead connection may take minutes.
      return state.unanswered >= UNANSWERED
        ? lost(0, false, moment, ["hang_up"])
        : { state: { is: "welcomed", unanswered: state.unanswered + 1 }, acts: ["ping"] };
    case "woken": case "retry": return { state, acts: ["probe"] };
    case "overdue": return opening(1, false, ["hang_up", "connect"]);
    case "closed": return happening.broken ? stay({ is: "refused" }) : lost(0, false, moment, []);
    case "due": case "session": return stay(state);
  }
}

/** What a person is told. Who is signed out stays so until a welcome. */
export function linkOf(state: State): Link {
  switch (state.is) {
    case "opening":
      if (state.signedOut) return { state: "signed_out", trying: true };
      return state.attempt ? { state: "reconnecting", at: 0, attempt: state.attempt } : { state: "connecting" };
    case "welcomed": return { state: "connected" };
    case "waiting":
      return state.signedOut ? { state: "signed_out", trying: false } : { state: "reconnecting", at: state.until, attempt: state.attempt };
    case "signed_out": return { state: "signed_out", trying: false };
    case "refused": return { state: "refused" };
  }
}
