import { STATES, type State, TRANSITIONS, TRIGGERS, type Trigger } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import {
  type CallState,
  callIdOf,
  INITIAL,
  type Input,
  reduce,
  type Step,
  secondsOf,
  describe as tell,
  WARNINGS,
} from "./state.ts";

const CALLING = {
  name: "calling",
  phase: "connected",
  callId: "call_1",
  connectedAt: 5,
  leaving: false,
  muted: false,
  held: false,
  listening: false,
  soundBlocked: false,
  warnings: [],
} as const;

const EXAMPLES: { readonly [S in State]: CallState & { name: S } } = {
  idle: { name: "idle", elsewhere: false },
  closed: { name: "closed", elsewhere: false },
  calling: CALLING,
  ended: { name: "ended", callId: "call_1", seconds: 3, reason: "user_hangup" },
  survey: { name: "survey", callId: "call_1", seconds: 3 },
  survey_submitted: { name: "survey_submitted", callId: "call_1", rating: 4 },
  error: { name: "error", callId: "call_1", code: "media_failed", message: "Lost.", reason: null },
};

const STEPS: { readonly [T in Trigger]: Step & { type: T } } = {
  tap: { type: "tap" },
  hang_up: { type: "hang_up", seconds: 3, reason: "remote_hangup" },
  fail: { type: "fail", code: "no_answer", message: "Nobody answered." },
  cancel: { type: "cancel" },
  resume: { type: "resume", connectedAt: null, muted: false },
  open_survey: { type: "open_survey" },
  submit_survey: { type: "submit_survey", rating: 4.5 },
  start_over: { type: "start_over" },
  close: { type: "close" },
  open: { type: "open" },
};

function run(...inputs: readonly Input[]): CallState {
  return inputs.reduce(reduce, INITIAL);
}

describe("the table", () => {
  const pairs = STATES.flatMap((from) => TRIGGERS.map((trigger) => ({ from, trigger })));

  it.each(pairs)("decides where $trigger leads from $from", ({ from, trigger }) => {
    const before = EXAMPLES[from];
    const after = reduce(before, STEPS[trigger]);
    const row = TRANSITIONS.find((known) => known.from === from && known.trigger === trigger);
    if (row === undefined || (from === "calling" && trigger === "cancel")) {
      expect(after).toBe(before);
    } else {
      expect(after.name).toBe(row.to);
    }
  });

  it("lets a call that nobody accepted fail, but not be hung up", () => {
    const asked = run(STEPS.tap, { type: "phase", phase: "connecting", at: 1 });
    expect(reduce(asked, STEPS.hang_up)).toBe(asked);
    expect(reduce(asked, STEPS.fail)).toMatchObject({ name: "error", callId: null });
  });
});

describe("a call", () => {
  it("shows calling at once and asks for the microphone", () => {
    expect(run(STEPS.tap)).toMatchObject({ name: "calling", phase: "requesting", callId: null });
  });

  it("can be given up until the server has accepted it, and not later", () => {
    expect(reduce(run(STEPS.tap), STEPS.cancel)).toEqual(INITIAL);
    const accepted = run(STEPS.tap, { type: "accept", callId: "call_1" });
    expect(reduce(accepted, STEPS.cancel)).toBe(accepted);
  });

  it("keeps what the visitor wishes from the first moment on, whatever happens meanwhile", () => {
    const state = run(
      STEPS.tap,
      { type: "mute", muted: true },
      { type: "leave" },
      { type: "phase", phase: "connecting", at: 1 },
      { type: "accept", callId: "call_1" },
      { type: "far", told: { held: true } },
      { type: "far", told: { held: false } },
      { type: "phase", phase: "connected", at: 2 },
    );
    expect(state).toMatchObject({ muted: true, leaving: true });
  });

  it("begins with no wish of the call before", () => {
    const again = run(
      STEPS.tap,
      { type: "mute", muted: true },
      STEPS.fail,
      STEPS.start_over,
      STEPS.tap,
    );
    expect(again).toMatchObject({ muted: false, leaving: false, warnings: [] });
  });

  it("goes on from the page before with its time and its mute state", () => {
    const resumed = run({ type: "resume", connectedAt: -4000, muted: true });
    expect(resumed).toMatchObject({ phase: "reconnecting", connectedAt: -4000, muted: true });
    expect(secondsOf(resumed, 1500)).toBe(5);
    const back = reduce(resumed, { type: "phase", phase: "connected", at: 9 });
    expect(back).toMatchObject({ connectedAt: -4000 });
  });

  it("that another tab has taken over is in another tab", () => {
    const taken = run(STEPS.tap, { type: "accept", callId: "call_1" }, { type: "move" });
    expect(taken).toEqual({ name: "idle", elsewhere: true });
    expect(reduce(taken, { type: "elsewhere", elsewhere: false })).toEqual(INITIAL);
  });

  it("raises each warning once, and clears it", () => {
    const weak = { type: "warn", warning: "network_weak", raised: true } as const;
    const raised = run(STEPS.tap, weak, { ...weak, warning: "nothing_heard" });
    expect(raised).toMatchObject({ warnings: ["network_weak", "nothing_heard"] });
    expect(reduce(raised, weak)).toBe(raised);
    expect(reduce(raised, { ...weak, raised: false })).toMatchObject({
      warnings: ["nothing_heard"],
    });
  });

  it("counts its time from the first moment of being connected", () => {
    const state = run(
      STEPS.tap,
      { type: "accept", callId: "call_1" },
      { type: "phase", phase: "connected", at: 10 },
      { type: "phase", phase: "reconnecting", at: 20 },
      { type: "phase", phase: "connected", at: 30 },
    );
    expect(state).toMatchObject({ phase: "connected", connectedAt: 10 });
  });

  it("keeps its id up to the survey and loses it when the visitor starts over", () => {
    const ended = run(STEPS.tap, { type: "accept", callId: "call_1" }, STEPS.hang_up);
    const submitted = [STEPS.open_survey, STEPS.submit_survey].reduce<CallState>(reduce, ended);
    expect(submitted).toEqual({ name: "survey_submitted", callId: "call_1", rating: 4.5 });
    expect(reduce(submitted, STEPS.start_over)).toEqual(INITIAL);
  });

  it("takes no progress once it is over", () => {
    const { ended } = EXAMPLES;
    expect(reduce(ended, { type: "phase", phase: "connected", at: 1 })).toBe(ended);
    expect(reduce(ended, { type: "accept", callId: "call_2" })).toBe(ended);
  });
});

describe("any sequence of inputs", () => {
  const PHASES = ["requesting", "connecting", "ringing", "connected", "reconnecting"] as const;

  /** A generator of its own, so that a failure can be had again by its number (mulberry32). */
  function dice(seed: number): (sides: number) => number {
    let state = seed;
    return (sides) => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
    };
  }

  function any(roll: (sides: number) => number, at: number): Input {
    const progress: readonly Input[] = [
      { type: "accept", callId: `call_${roll(3)}` },
      { type: "phase", phase: PHASES[roll(5)] ?? "connected", at },
      { type: "leave" },
      { type: "mute", muted: roll(2) === 1 },
      { type: "far", told: { held: roll(2) === 1 } },
      { type: "far", told: { notice: { kind: "transferred" } } },
      { type: "listen", listening: roll(2) === 1 },
      { type: "sound", blocked: roll(2) === 1 },
      { type: "warn", warning: WARNINGS[roll(5)] ?? "network_weak", raised: roll(2) === 1 },
      { type: "move" },
      { type: "elsewhere", elsewhere: roll(2) === 1 },
    ];
    const inputs = [...Object.values(STEPS), STEPS.tap, STEPS.start_over, ...progress];
    return inputs[roll(inputs.length)] ?? STEPS.tap;
  }

  it("keeps the table, the id, the time and the wishes", () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const roll = dice(seed);
      let state: CallState = INITIAL;
      for (let at = 0; at < 100; at += 1) {
        const input = any(roll, at);
        const next = reduce(state, input);
        const says = `seed ${seed}, input ${at}: ${JSON.stringify(input)}`;
        if (next.name !== state.name) {
          const { name } = state;
          const row = TRANSITIONS.find(
            ({ from, trigger }) => from === name && trigger === input.type,
          );
          expect(input.type === "move" ? "idle" : row?.to, says).toBe(next.name);
        }
        if (state.name === "calling" && next.name === "calling") {
          // An accepted call never loses its id, a clock that runs is never set, a hang-up is kept.
          expect(next.callId, says).toBe(state.callId ?? next.callId);
          expect(next.connectedAt, says).toBe(state.connectedAt ?? next.connectedAt);
          expect(next.leaving || !state.leaving, says).toBe(true);
          expect(next.muted === state.muted || input.type === "mute", says).toBe(true);
          expect(new Set(next.warnings).size, says).toBe(next.warnings.length);
        }
        if (next.name === "ended" && state.name === "calling") {
          expect(callIdOf(next), says).not.toBeNull();
        }
        if (state.name === "calling" && state.callId !== null && input.type === "cancel") {
          expect(next, says).toBe(state);
        }
        expect(tell(next, at).seconds, says).toBeGreaterThanOrEqual(0);
        // Doing the same again changes nothing more, unless it is a transition of its own.
        if (next.name === state.name) {
          expect(reduce(next, input), says).toEqual(next);
        }
        state = next;
      }
    }
  });
});
