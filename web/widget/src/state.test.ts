import { STATES, type State, TRANSITIONS, TRIGGERS, type Trigger } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import { type CallState, INITIAL, type Input, reduce, type Step } from "./state.ts";

const CALLING = {
  name: "calling",
  phase: "connected",
  callId: "call_1",
  connectedAt: 5,
  leaving: false,
} as const;

const EXAMPLES: { readonly [S in State]: CallState & { name: S } } = {
  idle: { name: "idle" },
  closed: { name: "closed" },
  calling: CALLING,
  ended: { name: "ended", callId: "call_1", seconds: 3, reason: "user_hangup" },
  survey: { name: "survey", callId: "call_1", seconds: 3 },
  survey_submitted: { name: "survey_submitted", callId: "call_1", rating: 4 },
  error: { name: "error", callId: "call_1", code: "media_failed", message: "Lost." },
};

const STEPS: { readonly [T in Trigger]: Step & { type: T } } = {
  tap: { type: "tap" },
  hang_up: { type: "hang_up", seconds: 3, reason: "remote_hangup" },
  fail: { type: "fail", code: "no_answer", message: "Nobody answered." },
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
    if (row === undefined) {
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

  it("cannot be hung up while the browser asks for the microphone", () => {
    const asking = run(STEPS.tap);
    expect(reduce(asking, { type: "leave" })).toBe(asking);
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
    expect(reduce(submitted, STEPS.start_over)).toEqual({ name: "idle" });
  });

  it("takes no progress once it is over", () => {
    const { ended } = EXAMPLES;
    expect(reduce(ended, { type: "phase", phase: "connected", at: 1 })).toBe(ended);
    expect(reduce(ended, { type: "accept", callId: "call_2" })).toBe(ended);
  });
});
