import { describe, expect, it } from "vitest";
import { BEGIN, linkOf, next, SILENT, UNANSWERED, wait, type Act, type Happening, type State } from "./link";

/** What happens one after the other: the state at the end, and everything that was to be done. */
function play(from: State, ...happenings: Happening[]): { state: State; acts: Act[] } {
  let state = from;
  const acts: Act[] = [];
  for (const happening of happenings) {
    const step = next(state, happening, { now: 1000, chance: 0 });
    state = step.state;
    acts.push(...step.acts);
  }
  return { state, acts };
}

const times = (count: number, happening: Happening): Happening[] => Array.from({ length: count }, () => happening);
const WELCOMED: State = { is: "welcomed", unanswered: 0 };
const DUE: Happening = { what: "due" };
const TICK: Happening = { what: "tick" };
const HEARD: Happening = { what: "heard" };
const WELCOME: Happening = { what: "welcome" };
const WOKEN: Happening = { what: "woken" };
const RETRY: Happening = { what: "retry" };
const CLOSED: Happening = { what: "closed", broken: false };
const session = (signedOut: boolean): Happening => ({ what: "session", signedOut });

describe("a connection", () => {
  it("begins, is welcomed, and begins again when it is lost, later each time", () => {
    const { state, acts } = play(BEGIN, DUE, WELCOME);
    expect([state, acts]).toEqual([WELCOMED, ["connect"]]);
    const first = play(state, CLOSED).state;
    expect(first).toEqual({ is: "waiting", attempt: 1, until: 1000 + wait(1, 0), signedOut: false });
    expect(play(first, DUE, CLOSED).state).toMatchObject({ attempt: 2, until: 1000 + wait(2, 0) });
    expect(play(first, DUE, WELCOME, CLOSED).state).toMatchObject({ attempt: 1 });
    expect(linkOf(BEGIN)).toMatchObject({ state: "reconnecting" });
    expect(linkOf(play(BEGIN, DUE).state)).toEqual({ state: "connecting" });
  });

  it("is dead after so many unanswered pings, however far apart they were", () => {
    const { state, acts } = play(WELCOMED, ...times(UNANSWERED, TICK));
    expect([state.is, acts]).toEqual(["welcomed", times(UNANSWERED, TICK).map(() => "ping")]);
    expect(play(state, TICK)).toMatchObject({ state: { is: "waiting", attempt: 1 }, acts: ["hang_up"] });
    // In a hidden tab a tick comes once a minute, and every answer in time.
    expect(play(WELCOMED, ...times(100, TICK).flatMap((tick) => [tick, HEARD])).state).toEqual(WELCOMED);
  });

  it("is given up when its handshake hangs", () => {
    const hanging = play(BEGIN, DUE, ...times(SILENT, TICK));
    expect(hanging.state.is).toBe("opening");
    expect(play(hanging.state, TICK)).toMatchObject({ state: { is: "waiting" }, acts: ["hang_up", "ask"] });
  });

  it("is probed when the page is woken, and replaced when nothing comes", () => {
    const { state, acts } = play(WELCOMED, WOKEN);
    expect([state, acts]).toEqual([WELCOMED, ["probe"]]);
    expect(play(state, { what: "overdue" })).toMatchObject({ state: { is: "opening" }, acts: ["hang_up", "connect"] });
  });

  it("does not wait for a countdown when it is woken, and leaves a fresh socket alone", () => {
    const waiting = play(WELCOMED, CLOSED).state;
    for (const now of [WOKEN, RETRY]) expect(play(waiting, now)).toMatchObject({ state: { is: "opening" }, acts: ["connect"] });
    const fresh = play(BEGIN, DUE).state;
    expect(play(fresh, WOKEN)).toEqual({ state: fresh, acts: [] });
    expect(play(fresh, TICK, WOKEN).acts).toEqual(["hang_up", "connect"]);
  });

  it("is replaced at a person's word unless it is welcomed; then it is probed", () => {
    expect(play(BEGIN, DUE, RETRY).acts).toEqual(["connect", "hang_up", "connect"]);
    expect(play(WELCOMED, RETRY).acts).toEqual(["probe"]);
  });

  it("is not tried again after a breach of the protocol, but at a person's word", () => {
    const { state, acts } = play(BEGIN, DUE, { what: "closed", broken: true }, DUE, TICK, WOKEN);
    expect([state, acts]).toEqual([{ is: "refused" }, ["connect"]]);
    expect(play(state, RETRY).acts).toEqual(["connect"]);
  });
});

describe("signed out", () => {
  const out = play(BEGIN, DUE, CLOSED, session(true));

  it("is what the session says, and nothing is tried by itself", () => {
    expect([out.state, out.acts]).toEqual([{ is: "signed_out" }, ["connect", "ask"]]);
    expect(play(out.state, DUE, TICK, CLOSED, HEARD)).toEqual({ state: out.state, acts: [] });
  });

  it("stays until a welcome, through every try", () => {
    let { state } = out;
    for (const happening of [WOKEN, TICK, CLOSED, session(true), RETRY, CLOSED, session(false), DUE]) {
      state = play(state, happening).state;
      expect(linkOf(state).state).toBe("signed_out");
    }
    expect(linkOf(play(state, WELCOME).state)).toEqual({ state: "connected" });
  });

  it("comes too late for a socket that is under way", () => {
    const { state } = play(BEGIN, DUE, CLOSED, DUE, session(true));
    expect(state.is).toBe("opening");
  });
});

it("waits longer and longer, not for ever, and never all at once", () => {
  expect([1, 2, 3, 6, 40].map((attempt) => wait(attempt, 1))).toEqual([500, 1000, 2000, 15_000, 15_000]);
  expect(wait(1, 0)).toBe(375);
});
