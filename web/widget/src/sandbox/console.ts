/**
 * Beside custom code in a preview: tells Call Studio, which is around the widget, what the code says,
 * and gives the code events that Studio wants it to hear.
 *
 * Only a document that nobody but the server's own pages may frame has this script.
 */

import type { ConsoleLevel, ConsoleMessage, IdentifiedEvent } from "@bellpush/protocol";
import { PORT_MESSAGE } from "./messages.ts";

const LEVELS: readonly ConsoleLevel[] = ["log", "info", "debug", "warn", "error"];
/** Characters of one line. */
const MOST = 4_000;

export function followCode(own: Window & typeof globalThis): void {
  const studio = own.parent.parent;
  let port: MessagePort | null = null;

  function tell(level: ConsoleLevel, text: string): void {
    const message: ConsoleMessage = {
      source: "bellpush",
      version: 1,
      console: { level, text: text.slice(0, MOST) },
    };
    // The frame has no origin that could name the other's; who may be there is the policy's matter.
    studio.postMessage(message, "*");
  }

  for (const level of LEVELS) {
    const before = own.console[level].bind(own.console);
    own.console[level] = (...given: unknown[]) => {
      before(...given);
      tell(level, given.map(shown).join(" "));
    };
  }
  own.addEventListener("error", ({ message, error }) => tell("error", shown(error ?? message)));
  own.addEventListener("unhandledrejection", ({ reason }) => tell("error", shown(reason)));
  own.addEventListener("message", ({ source, data, ports }) => {
    if (source === own.parent && data === PORT_MESSAGE) {
      port ??= ports[0] ?? null;
    } else if (source === studio && isSample(data)) {
      port?.dispatchEvent(new MessageEvent("message", { data: data.sample }));
    }
  });
}

function isSample(data: unknown): data is { readonly sample: IdentifiedEvent } {
  return (
    typeof data === "object" &&
    data !== null &&
    "source" in data &&
    data.source === "bellpush" &&
    "sample" in data &&
    typeof data.sample === "object"
  );
}

/** A value as a console would show it. */
function shown(value: unknown): string {
  if (typeof value === "string") {
    return value;
  }
  if (value instanceof Error) {
    return value.stack ?? `${value.name}: ${value.message}`;
  }
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
