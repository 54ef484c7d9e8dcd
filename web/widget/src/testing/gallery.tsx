/**
 * Every state of the widget, shown without a server: `?shot=calling-connected&theme=dark&lang=ar`.
 * For pictures and for looking around; it is no part of what is shipped.
 */

import { ERROR_CODES } from "@bellpush/protocol";
import { render } from "preact";
import { App } from "../App.tsx";
import type { Actions } from "../actions.ts";
import { createExtras } from "../design/extras.tsx";
import type { Shown } from "../design/scene.ts";
import { loadTexts } from "../i18n/index.ts";
import * as parts from "../parts.ts";
import { Refused } from "../screens/Refused.tsx";
import type { CallState } from "../state.ts";
import "../styles/tokens.css";
import "../styles/widget.css";
import { DESIGNS } from "./designs.ts";

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

const PLAIN = {
  idle: { name: "idle", elsewhere: false },
  closed: { name: "closed", elsewhere: false },
  ended: { name: "ended", callId, seconds: 754, reason: "remote_hangup" },
  survey: { name: "survey", callId, seconds: 754 },
  survey_submitted: { name: "survey_submitted", callId, rating: 4.5 },
  error: { name: "error", callId, code: "destination_busy", message: "", reason: null },
} as const satisfies Record<string, CallState>;

interface Shot {
  readonly state: CallState;
  /** What is pressed first, if anything, by its place in the texts or in the page. */
  readonly press?: "keypad" | "audio" | ".bp-call" | ".bp-callback button";
  /** The design that it is shown in; the default one without it. */
  readonly design?: keyof typeof DESIGNS;
}

const SHOTS: Readonly<Record<string, Shot>> = {
  idle: { state: { name: "idle", elsewhere: false } },
  elsewhere: { state: { name: "idle", elsewhere: true } },
  closed: { state: { name: "closed", elsewhere: false } },
  "calling-requesting": { state: { ...before, phase: "requesting", callId: null } },
  "calling-connecting": { state: { ...before, phase: "connecting", callId: null } },
  "calling-ringing": { state: { ...before, phase: "ringing" } },
  "calling-queued": {
    state: {
      ...before,
      phase: "ringing",
      notice: { kind: "queued", position: 3, waitSeconds: 240 },
    },
  },
  "calling-connected": { state: call },
  "calling-transferred": { state: { ...call, notice: { kind: "transferred" } } },
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
  ...Object.fromEntries(
    (["idle", "closed", "ended", "survey", "survey_submitted", "error"] as const).map((name) => [
      `brand-${name}`,
      { state: PLAIN[name], design: "brand" } satisfies Shot,
    ]),
  ),
  "brand-calling": { state: call, design: "brand" },
  form: { state: PLAIN.idle, design: "form" },
  "form-faults": { state: PLAIN.idle, design: "form", press: ".bp-call" },
  "form-closed": { state: PLAIN.closed, design: "form" },
  "form-busy": { state: PLAIN.error, design: "form" },
  "form-busy-faults": { state: PLAIN.error, design: "form", press: ".bp-callback button" },
  blocks: { state: PLAIN.idle, design: "blocks" },
  "survey-numbers": { state: PLAIN.survey, design: "form" },
  "survey-smileys": { state: PLAIN.survey, design: "brand" },
};

async function show(root: HTMLElement): Promise<void> {
  const query = new URLSearchParams(location.search);
  const name = query.get("shot") ?? "idle";
  const language = query.get("lang") ?? "en";
  const texts = await loadTexts(language);
  document.documentElement.lang = texts.language;
  document.documentElement.dir = texts.direction;
  document.documentElement.dataset.theme = query.get("theme") ?? "light";
  document.documentElement.style.fontSize = `${query.get("text") ?? "100"}%`;
  // For whoever takes the pictures.
  Object.assign(window, { shots: [...Object.keys(SHOTS), "refused"] });
  const shot = SHOTS[name];
  if (shot === undefined) {
    render(<Refused t={texts} />, root);
    return;
  }
  const design = DESIGNS[shot.design ?? "plain"];
  const shown: Shown = { design, designVersion: 1, consentHashes: { en: "h" } };
  let draw: (() => void) | undefined;
  const extras = await createExtras(
    {
      designer: null,
      shown: () => shown,
      replace: nothing,
      draw: () => draw?.(),
      scope: () => {
        throw new Error("there is no server");
      },
      callId: () => callId,
      fetch,
      warn: nothing,
    },
    language,
  );
  const scene = () => ({
    state: shot.state,
    shown,
    t: extras.say(texts, language),
    language,
    context: { customerTier: "gold" },
    open: shot.state.name !== "closed",
    opensAt: shot.state.name === "closed" ? Date.now() + 40_000_000 : null,
    actions: { ...actions, tap: () => void extras.collect(scene()) },
    now: () => performance.now(),
    epoch: Date.now,
    extras,
    later: parts,
  });
  draw = () => render(<App scene={scene()} />, root);
  draw();
  if (shot.press !== undefined) {
    const { press } = shot;
    const label = press === "keypad" || press === "audio" ? texts.calling[press] : null;
    const buttons = [...root.querySelectorAll("button")];
    const wanted =
      label === null
        ? root.querySelector<HTMLElement>(press)
        : buttons.find((button) => button.textContent === label);
    wanted?.click();
  }
}

const root = document.getElementById("bellpush");
if (root !== null) {
  void show(root);
}
