/**
 * What the visitor sees, as one value, and the one function that changes it.
 *
 * Which state follows which is the table's word (`TRANSITIONS`, from the Rust core); this file
 * only says what each state carries. It knows no network, media, timer or clock.
 *
 * What the visitor wants (`muted`, `leaving`) stands here from the moment it is wanted. Whoever can
 * fulfil it reads it here, however late it is loaded.
 */

import {
  type CallNotice,
  type EndReason,
  type Phase,
  type State,
  TRANSITIONS,
  type WidgetState,
} from "@bellpush/protocol";
import type { ErrorReason } from "./errors.ts";

/** What does not go well in a call, and may get well again. */
export const WARNINGS = [
  "microphone_lost",
  "microphone_silent",
  "nothing_heard",
  "network_weak",
  "talking_muted",
] as const;
export type Warning = (typeof WARNINGS)[number];

export interface Idle {
  readonly name: "idle";
  /** The visitor is in a call in another tab; it is said anew with each step. */
  readonly elsewhere: boolean;
}

export interface Closed {
  readonly name: "closed";
  readonly elsewhere: boolean;
}

export interface Calling {
  readonly name: "calling";
  readonly phase: Phase;
  /** Given once the server has accepted the call. */
  readonly callId: string | null;
  /** When both sides first heard each other, by a clock that only goes forward. */
  readonly connectedAt: number | null;
  /** The visitor wants to hang up; kept until the server has it. */
  readonly leaving: boolean;
  /** The visitor wants not to be heard. */
  readonly muted: boolean;
  /** The far side has put the visitor on hold. */
  readonly held: boolean;
  /** What the far side let the visitor know last. */
  readonly notice?: CallNotice;
  /** The visitor listens without a microphone. */
  readonly listening: boolean;
  /** The browser plays no sound before the visitor has tapped. */
  readonly soundBlocked: boolean;
  readonly warnings: readonly Warning[];
}

export type CallState =
  | Idle
  | Closed
  | Calling
  | {
      readonly name: "ended";
      readonly callId: string | null;
      readonly seconds: number;
      readonly reason: EndReason;
    }
  | { readonly name: "survey"; readonly callId: string | null; readonly seconds: number }
  | { readonly name: "survey_submitted"; readonly callId: string | null; readonly rating: number }
  | {
      readonly name: "error";
      readonly callId: string | null;
      /** A code of the contract, or one that a newer server has added. */
      readonly code: string;
      readonly message: string;
      /** What more is known than the code says. */
      readonly reason: ErrorReason | null;
    };

/** The triggers of the table, with what they bring along. */
export type Step =
  | { readonly type: "tap"; readonly listening?: boolean }
  | { readonly type: "hang_up"; readonly seconds: number; readonly reason: EndReason }
  | {
      readonly type: "fail";
      readonly code: string;
      readonly message: string;
      readonly reason?: ErrorReason | null;
    }
  | { readonly type: "cancel" }
  | { readonly type: "resume"; readonly connectedAt: number | null; readonly muted: boolean }
  | { readonly type: "open_survey" }
  | { readonly type: "submit_survey"; readonly rating: number }
  | { readonly type: "start_over" }
  | { readonly type: "close" }
  | { readonly type: "open" };

/** What happens within `calling`, without a transition. */
export type Progress =
  | { readonly type: "accept"; readonly callId: string }
  | { readonly type: "phase"; readonly phase: Phase; readonly at: number }
  | { readonly type: "leave" }
  | { readonly type: "mute"; readonly muted: boolean }
  /** The far side does something with the visitor. */
  | { readonly type: "far"; readonly told: Pick<Calling, "held"> | Pick<Calling, "notice"> }
  | { readonly type: "listen"; readonly listening: boolean }
  | { readonly type: "sound"; readonly blocked: boolean }
  | { readonly type: "warn"; readonly warning: Warning; readonly raised: boolean }
  /** Another tab has taken the call over: its life goes on there. */
  | { readonly type: "move" };

export type Input =
  | Step
  | Progress
  /** Whether the visitor is in a call in another tab. */
  | { readonly type: "elsewhere"; readonly elsewhere: boolean };

export const INITIAL: CallState = { name: "idle", elsewhere: false };

/** The next state. What the table does not allow changes nothing. */
export function reduce(state: CallState, input: Input): CallState {
  switch (input.type) {
    case "accept":
    case "phase":
    case "leave":
    case "mute":
    case "far":
    case "listen":
    case "sound":
    case "warn":
    case "move":
      return state.name === "calling" ? progress(state, input) : state;
    case "elsewhere":
      return (state.name === "idle" || state.name === "closed") &&
        state.elsewhere !== input.elsewhere
        ? { ...state, elsewhere: input.elsewhere }
        : state;
    default:
      return step(state, input);
  }
}

function progress(state: Calling, input: Progress): CallState {
  switch (input.type) {
    case "accept":
      return state.callId === null ? { ...state, callId: input.callId } : state;
    case "phase": {
      const connectedAt =
        state.connectedAt ?? (input.phase === "connected" ? input.at : state.connectedAt);
      return changed(state, { phase: input.phase, connectedAt });
    }
    case "leave":
      return changed(state, { leaving: true });
    case "mute":
      return changed(state, { muted: input.muted });
    case "far":
      return changed(state, input.told);
    case "listen":
      return changed(state, { listening: input.listening });
    case "sound":
      return changed(state, { soundBlocked: input.blocked });
    case "warn": {
      const others = state.warnings.filter((warning) => warning !== input.warning);
      const was = others.length < state.warnings.length;
      const warnings = input.raised ? [...others, input.warning] : others;
      return was === input.raised ? state : { ...state, warnings };
    }
    case "move":
      return { name: "idle", elsewhere: true };
  }
}

/** The same value when nothing changes, so that nobody is told of it. */
function changed(state: Calling, change: Partial<Calling>): Calling {
  const differs = (Object.keys(change) as (keyof Calling)[]).some(
    (key) => state[key] !== change[key],
  );
  return differs ? { ...state, ...change } : state;
}

function step(state: CallState, input: Step): CallState {
  const row = TRANSITIONS.find(
    ({ from, trigger }) => from === state.name && trigger === input.type,
  );
  if (row === undefined) {
    return state;
  }
  if (state.name === "calling") {
    // A call that nobody accepted has no call_started for a call_ended to answer: it can fail or be
    // given up. One that was accepted comes to a terminal event.
    const accepted = state.callId !== null;
    if ((input.type === "hang_up" && !accepted) || (input.type === "cancel" && accepted)) {
      return state;
    }
  }
  return enter(row.to, state, input);
}

const NEW_CALL: Calling = {
  name: "calling",
  phase: "requesting",
  callId: null,
  connectedAt: null,
  leaving: false,
  muted: false,
  held: false,
  listening: false,
  soundBlocked: false,
  warnings: [],
};

function enter(to: State, from: CallState, input: Step): CallState {
  const callId = callIdOf(from);
  switch (to) {
    case "idle":
    case "closed":
      return { name: to, elsewhere: false };
    case "calling":
      return input.type === "resume"
        ? {
            ...NEW_CALL,
            phase: input.connectedAt === null ? "connecting" : "reconnecting",
            connectedAt: input.connectedAt,
            muted: input.muted,
          }
        : { ...NEW_CALL, listening: input.type === "tap" && input.listening === true };
    case "ended":
      return input.type === "hang_up"
        ? { name: to, callId, seconds: input.seconds, reason: input.reason }
        : from;
    case "survey":
      return { name: to, callId, seconds: from.name === "ended" ? from.seconds : 0 };
    case "survey_submitted":
      return input.type === "submit_survey" ? { name: to, callId, rating: input.rating } : from;
    case "error":
      return input.type === "fail"
        ? {
            name: to,
            callId,
            code: input.code,
            message: input.message,
            reason: input.reason ?? null,
          }
        : from;
  }
}

/** The call that a state is about, if the server has accepted one. */
export function callIdOf(state: CallState): string | null {
  return "callId" in state ? state.callId : null;
}

/** Whole seconds since both sides first heard each other, or of the whole call. */
export function secondsOf(state: CallState, now: number): number {
  if ("seconds" in state) {
    return state.seconds;
  }
  const since = state.name === "calling" ? state.connectedAt : null;
  return since === null ? 0 : Math.max(0, Math.floor((now - since) / 1000));
}

/** What the embedding page is told of a state. */
export function describe(state: CallState, now: number): WidgetState {
  const calling = state.name === "calling" ? state : null;
  return {
    name: state.name,
    phase: calling?.phase ?? null,
    muted: calling?.muted ?? false,
    held: calling?.held ?? false,
    seconds: secondsOf(state, now),
  };
}
