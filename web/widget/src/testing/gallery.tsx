/**
 * Every state of the widget, shown without a server: `?shot=calling-connected&theme=dark&lang=ar`.
 * For pictures and for looking around; it is no part of what is shipped.
 */

import { ERROR_CODES } from "@bellpush/protocol";
import { render } from "preact";
import { App } from "../App.tsx";
import type { Actions } from "../actions.ts";
import { loadTexts } from "../i18n/index.ts";
import * as parts from "../parts.ts";
import { Refused } from "../screens/Refused.tsx";
import type { CallState } from "../state.ts";
import "../styles/tokens.css";
import "../styles/widget.css";

const nothing = () => undefined;
const actions: Actions = {
  warmUp: nothing,
  tap: nothing,
  hangUp: nothing,
  setMuted: nothing,
  sendDigit: nothing,
  level: () => 0.4,
  quality: () => 3,
  devices: async () => ({
    list: async () => ({
      microphone: {
        chosen: "b",
        devices: [
          { id: "a", label: "Built-in microphone" },
          { id: "b", label: "A headset with a name that is longer than its box is wide" },
        ],
      },
      speaker: { chosen: "a", devices: [{ id: "a", label: "Built-in loudspeakers" }] },
    }),
    choose: async () => true,
    onChange: () => nothing,
    close: nothing,
  }),
  play: nothing,
  startOver: nothing,
  retry: nothing,
  copyAddress: async () => undefined,
  submitSurvey: nothing,
  press: nothing,
};

const callId = "call_1";
const call = {
  name: "calling",
  phase: "connected",
  callId,
  connectedAt: performance.now() - 754_000,
  leaving: false,
  muted: false,
  held: false,
  listening: false,
  soundBlocked: false,
  warnings: [],
} as const satisfies CallState;
const before = { ...call, connectedAt: null };

/** Each with the label of the button that is pressed first, if any. */
const SHOTS: Readonly<
  Record<string, { readonly state: CallState; readonly press?: "keypad" | "audio" }>
> = {
  idle: { state: { name: "idle", elsewhere: false } },
  elsewhere: { state: { name: "idle", elsewhere: true } },
  closed: { state: { name: "closed", elsewhere: false } },
  "calling-requesting": { state: { ...before, phase: "requesting", callId: null } },
  "calling-connecting": { state: { ...before, phase: "connecting", callId: null } },
  "calling-ringing": { state: { ...before, phase: "ringing" } },
  "calling-connected": { state: call },
  "calling-muted": { state: { ...call, muted: true, warnings: ["talking_muted"] } },
  "calling-keypad": { state: call, press: "keypad" },
  "calling-devices": { state: call, press: "audio" },
  "calling-held": { state: { ...call, held: true } },
  "calling-warned": { state: { ...call, warnings: ["network_weak"] } },
  "calling-listening": { state: { ...call, listening: true } },
  "calling-sound-blocked": { state: { ...call, soundBlocked: true } },
  "calling-reconnecting": { state: { ...call, phase: "reconnecting" } },
  "calling-leaving": { state: { ...call, leaving: true } },
  ended: { state: { name: "ended", callId, seconds: 754, reason: "remote_hangup" } },
  survey: { state: { name: "survey", callId, seconds: 754 } },
  survey_submitted: { state: { name: "survey_submitted", callId, rating: 4.5 } },
  ...Object.fromEntries(
    ERROR_CODES.map((code) => [
      `error-${code}`,
      { state: { name: "error", callId, code, message: "", reason: null } },
    ]),
  ),
  "error-by-page": {
    state: { name: "error", callId, code: "microphone_denied", message: "", reason: "by_page" },
  },
  "error-in-app": {
    state: { name: "error", callId, code: "browser_unsupported", message: "", reason: "in_app" },
  },
};

const config = {
  survey: {
    questions: [
      { id: "sound", label: "How well did you hear us?" },
      { id: "help", label: "Did we help you?" },
    ],
    commentLabel: "Anything else?",
  },
  customButtons: [
    {
      label: "Copy the code",
      action: "copy",
      text: "A-12345",
      states: ["ended", "survey_submitted", "closed"],
    },
  ],
} satisfies Parameters<typeof App>[0]["config"];

async function show(root: HTMLElement): Promise<void> {
  const query = new URLSearchParams(location.search);
  const name = query.get("shot") ?? "idle";
  const t = await loadTexts(query.get("lang") ?? "en");
  document.documentElement.lang = t.language;
  document.documentElement.dir = t.direction;
  document.documentElement.dataset.theme = query.get("theme") ?? "light";
  const shot = SHOTS[name];
  render(
    shot === undefined ? (
      <Refused t={t} />
    ) : (
      <App
        state={shot.state}
        parts={parts}
        config={config}
        t={t}
        actions={actions}
        now={() => performance.now()}
        epoch={Date.now}
        opensAt={() => Date.now() + 40_000_000}
      />
    ),
    root,
  );
  if (shot?.press !== undefined) {
    const label = t.calling[shot.press];
    const buttons = [...root.querySelectorAll("button")];
    buttons.find((button) => button.textContent === label)?.click();
  }
  // For whoever takes the pictures.
  Object.assign(window, { shots: [...Object.keys(SHOTS), "refused"] });
}

const root = document.getElementById("bellpush");
if (root !== null) {
  void show(root);
}
