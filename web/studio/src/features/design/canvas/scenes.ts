/** What the canvas can show: each state, and what can happen in it. */

import { ERROR_CODES, type Example, type State } from "@bellpush/protocol";

import { t } from "../../../texts/index.ts";
import { STATES } from "../core/document.ts";

export interface SceneChoice {
  /** As it stands in the address. */
  readonly id: string;
  readonly label: string;
  readonly state: State;
  readonly example: Example;
}

const words = t.design.examples;

const call = (id: string, label: string, example: Example): SceneChoice => ({
  id,
  label,
  state: "calling",
  example,
});

const CALLS: readonly SceneChoice[] = [
  call("connected", words.connected, {}),
  call("asking", words.asking, { phase: "requesting" }),
  call("connecting", words.connecting, { phase: "connecting" }),
  call("ringing", words.ringing, { phase: "ringing" }),
  call("muted", words.muted, { muted: true, warning: "talking_muted" }),
  call("held", words.held, { held: true }),
  call("weak", words.weak, { warning: "network_weak" }),
  call("silent", words.silent, { warning: "microphone_silent" }),
  call("reconnecting", words.reconnecting, { phase: "reconnecting" }),
];

/** The examples of a state, the plainest one first; none where it has but one look. */
export function examplesOf(state: State): readonly SceneChoice[] {
  switch (state) {
    case "calling":
      return CALLS;
    case "error":
      return ["no_answer", ...ERROR_CODES.filter((code) => code !== "no_answer")].map((code) => ({
        id: code,
        label: code.replaceAll("_", " "),
        state,
        example: { code },
      }));
    default:
      return [{ id: state, label: t.design.states[state], state, example: {} }];
  }
}

export function sceneOf(state: State, example: string | undefined): SceneChoice {
  const all = examplesOf(state);
  return all.find(({ id }) => id === example) ?? (all[0] as SceneChoice);
}

/** A call from its tap to the end of the survey, where there is one. */
export function playedCall(hasSurvey: boolean): readonly SceneChoice[] {
  const calls = ["asking", "connecting", "ringing", "connected", "held", "weak", "reconnecting"];
  return [
    sceneOf("idle", undefined),
    ...calls.map((id) => sceneOf("calling", id)),
    sceneOf("ended", undefined),
    ...(hasSurvey ? [sceneOf("survey", undefined), sceneOf("survey_submitted", undefined)] : []),
    sceneOf("error", "destination_busy"),
    sceneOf("closed", undefined),
  ];
}

export const ALL_EXAMPLES: readonly string[] = STATES.flatMap((state) =>
  examplesOf(state).map(({ id }) => id),
);
