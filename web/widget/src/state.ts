/**
 * What the visitor sees, as one value, and the one function that changes it.
 *
 * Which state follows which is the table's word (`TRANSITIONS`, from the Rust core); this file
 * only says what each state carries. It knows no network, media, timer or clock.
 */

import { type EndReason, type Phase, type State, TRANSITIONS } from "@bellpush/protocol";

export type CallState =
  | { readonly name: "idle" }
  | { readonly name: "closed" }
  | {
      readonly name: "calling";
      readonly phase: Phase;
      /** Given once the server has accepted the call. */
      readonly callId: string | null;
      /** When both sides first heard each other. */
      readonly connectedAt: number | null;
      /** The visitor has hung up and the server's word is awaited. */
      readonly leaving: boolean;
    }
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
    };

/** The triggers of the table, with what they bring along. */
export type Step =
  | { readonly type: "tap" }
  | { readonly type: "hang_up"; readonly seconds: number; readonly reason: EndReason }
  | { readonly type: "fail"; readonly code: string; readonly message: string }
  | { readonly type: "open_survey" }
  | { readonly type: "submit_survey"; readonly rating: number }
  | { readonly type: "start_over" }
  | { readonly type: "close" }
  | { readonly type: "open" };

/** What happens within `calling`, without a transition. */
export type Progress =
  | { readonly type: "accept"; readonly callId: string }
  | { readonly type: "phase"; readonly phase: Phase; readonly at: number }
  | { readonly type: "leave" };

export type Input = Step | Progress;

export const INITIAL: CallState = { name: "idle" };

/** The next state. What the table does not allow changes nothing. */
export function reduce(state: CallState, input: Input): CallState {
  switch (input.type) {
    case "accept":
    case "phase":
    case "leave":
      return state.name === "calling" ? progress(state, input) : state;
    default:
      return step(state, input);
  }
}

function progress(state: CallState & { name: "calling" }, input: Progress): CallState {
  switch (input.type) {
    case "accept":
      return state.callId === null ? { ...state, callId: input.callId } : state;
    case "phase": {
      const connectedAt =
        state.connectedAt ?? (input.phase === "connected" ? input.at : state.connectedAt);
      return { ...state, phase: input.phase, connectedAt };
    }
    case "leave":
      // The microphone prompt belongs to the browser: there is no call yet to hang up.
      return state.phase === "requesting" ? state : { ...state, leaving: true };
  }
}

function step(state: CallState, input: Step): CallState {
  const row = TRANSITIONS.find(
    ({ from, trigger }) => from === state.name && trigger === input.type,
  );
  // A call that nobody accepted has no call_started for a call_ended to answer: it can only fail.
  const unanswered = state.name === "calling" && state.callId === null;
  if (row === undefined || (input.type === "hang_up" && unanswered)) {
    return state;
  }
  return enter(row.to, state, input);
}

function enter(to: State, from: CallState, input: Step): CallState {
  const callId = callIdOf(from);
  switch (to) {
    case "idle":
    case "closed":
      return { name: to };
    case "calling":
      return { name: to, phase: "requesting", callId: null, connectedAt: null, leaving: false };
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
        ? { name: to, callId, code: input.code, message: input.message }
        : from;
  }
}

/** The call that a state is about, if the server has accepted one. */
export function callIdOf(state: CallState): string | null {
  return "callId" in state ? state.callId : null;
}
