/** A designer that shows its work in a preview: another document, or a state as it looks. */

import type { DesignerCommand, design, State } from "@bellpush/protocol";
import type { CallState } from "../state.ts";

export interface DesignerPorts {
  readonly onDesign: (design: design.Design) => void;
  /** null: what the widget is in. */
  readonly onShow: (state: CallState | null) => void;
}

/** Listens to the embedding page of a preview, and to no other window. */
export function followDesigner(own: Window, origin: string, ports: DesignerPorts): void {
  own.addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== own.parent || from !== origin) {
      return;
    }
    const command = readDesignerCommand(data);
    if (command?.command === "design") {
      ports.onDesign(command.design);
    } else if (command?.command === "show") {
      ports.onShow(command.state && EXAMPLES[command.state]);
    }
  });
}

/** A command out of whatever the page has sent; null when it is none of a designer's. */
export function readDesignerCommand(data: unknown): DesignerCommand | null {
  if (!isRecord(data) || data.source !== "bellpush" || data.version !== 1) {
    return null;
  }
  const { command, design: document, state } = data;
  if (command === "show") {
    const known = STATES.find((one) => one === state);
    return known !== undefined || state === null ? { command, state: known ?? null } : null;
  }
  return command === "design" && isDesign(document) ? { command, design: document } : null;
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
