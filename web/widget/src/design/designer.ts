/** A designer that shows its work in a preview: another document, or a state as it looks. */

import {
  type DesignerCommand,
  type DesignerReport,
  type design,
  type Example,
  PHASES,
  type State,
  TEXT_KEYS,
  TEXT_PLACEHOLDERS,
} from "@bellpush/protocol";
import type { CallState, Warning } from "../state.ts";
import { pickIn } from "./pick.ts";
import type { Scene } from "./scene.ts";

export interface DesignerPorts {
  readonly onDesign: (design: design.Design) => Promise<void>;
  /** null: what the widget is in. */
  readonly onShow: (state: CallState | null) => void;
}

/**
 * Listens to the embedding page of a preview, and to no other window. What comes back is to be told of
 * each scene that is drawn.
 */
export function followDesigner(
  own: Window,
  origin: string,
  ports: DesignerPorts,
): (scene: Scene) => void {
  let scene: Scene | null = null;
  const tell = (report: DesignerReport) =>
    own.parent.postMessage({ source: "bellpush", version: 1, designer: report }, origin);
  const picking = pickIn(own.document, {
    scene: () => scene,
    onPick: (picked) => tell({ name: "picked", ...picked }),
  });

  own.addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== own.parent || from !== origin) {
      return;
    }
    const command = readDesignerCommand(data);
    switch (command?.command) {
      case "design": {
        const { design, revision = 0 } = command;
        void ports.onDesign(design).then(() => tell({ name: "shown", revision }));
        break;
      }
      case "show":
        ports.onShow(command.state && exampleOf(command.state, command.example));
        break;
      case "pick":
        picking(command.picking);
        break;
    }
  });
  own.addEventListener("keydown", ({ key, ctrlKey, metaKey, shiftKey }) => {
    const letter = ctrlKey || metaKey ? key.toLowerCase() : "";
    if (letter === "z" || letter === "y") {
      tell({ name: "history", step: letter === "y" || shiftKey ? "redo" : "undo" });
    }
  });
  tell({ name: "ready" });

  return (drawn) => {
    const before = scene;
    scene = drawn;
    if (before?.t !== drawn.t) {
      tell({ name: "words", words: wordsOfWidget(drawn) });
    }
  };
}

/** The widget's own texts, by name; what it puts a value into has the value's name in its place. */
function wordsOfWidget({ t }: Scene): Readonly<Record<string, string>> {
  const groups = t as unknown as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const words = TEXT_KEYS.map((key) => {
    const [group = "", name = ""] = key.split(".");
    const found = groups[group]?.[name];
    const filled = typeof found === "function" ? found(`{${TEXT_PLACEHOLDERS[key]}}`) : found;
    return [key, filled];
  });
  return Object.fromEntries(words.filter(([, text]) => typeof text === "string"));
}

/** A command out of whatever the page has sent; null when it is none of a designer's. */
export function readDesignerCommand(data: unknown): DesignerCommand | null {
  if (!isRecord(data) || data.source !== "bellpush" || data.version !== 1) {
    return null;
  }
  const { command, design: document, state, example, revision, picking } = data;
  switch (command) {
    case "show": {
      const known = STATES.find((one) => one === state) ?? null;
      return known !== null || state === null
        ? { command, state: known, ...(isRecord(example) && { example }) }
        : null;
    }
    case "pick":
      return { command, picking: picking === true };
    case "design":
      return isDesign(document)
        ? { command, design: document, ...(typeof revision === "number" && { revision }) }
        : null;
    default:
      return null;
  }
}

/** As much of it as is needed to draw: what is in a block is the server's to check. */
function isDesign(value: unknown): value is design.Design {
  if (!isRecord(value) || !isRecord(value.states) || !isRecord(value.theme)) {
    return false;
  }
  const { states, theme, texts, languages } = value;
  const blocks = Object.values(states).flat();
  return (
    STATES.every((state) => Array.isArray(states[state])) &&
    blocks.every((block) => isRecord(block) && typeof block.type === "string") &&
    isRecord(theme.light) &&
    isRecord(theme.dark) &&
    isRecord(theme.font) &&
    isRecord(texts) &&
    Array.isArray(languages)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const SECONDS = 154;

/** How each state looks, of a call that never was. */
const EXAMPLES: { readonly [S in State]: CallState } = {
  idle: { name: "idle", elsewhere: false },
  closed: { name: "closed", elsewhere: false },
  calling: {
    name: "calling",
    phase: "connected",
    callId: null,
    connectedAt: performance.now() - SECONDS * 1000,
    leaving: false,
    muted: false,
    held: false,
    listening: false,
    soundBlocked: false,
    warnings: [],
  },
  ended: { name: "ended", callId: null, seconds: SECONDS, reason: "remote_hangup" },
  survey: { name: "survey", callId: null, seconds: SECONDS },
  survey_submitted: { name: "survey_submitted", callId: null, rating: 5 },
  error: { name: "error", callId: null, code: "no_answer", message: "", reason: null },
};

const STATES = Object.keys(EXAMPLES) as readonly State[];

/** By name, so that none is missing; the widget's own list would weigh on every visitor's first screen. */
const KNOWN: { readonly [W in Warning]: true } = {
  microphone_lost: true,
  microphone_silent: true,
  nothing_heard: true,
  network_weak: true,
  talking_muted: true,
};
const WARNINGS = Object.keys(KNOWN) as readonly Warning[];

/** The example of a state with what it is to show; what is not known here is left as it is. */
export function exampleOf(name: State, wanted: Example = {}): CallState {
  const example = EXAMPLES[name];
  if (example.name === "error") {
    return typeof wanted.code === "string" ? { ...example, code: wanted.code } : example;
  }
  if (example.name !== "calling") {
    return example;
  }
  const phase = PHASES.find((one) => one === wanted.phase) ?? example.phase;
  const talks = phase === "connected" || phase === "reconnecting";
  return {
    ...example,
    phase,
    connectedAt: talks ? example.connectedAt : null,
    held: wanted.held === true,
    muted: wanted.muted === true,
    warnings: WARNINGS.filter((one) => one === wanted.warning),
  };
}
