/** Which events there can be in an app: the server's own, and those that its buttons and its code emit. */

import { EVENT_NAMES } from "@bellpush/protocol";

import type { AppView } from "../../api/generated/schema.ts";
import { blocksIn, type Design, STATES } from "../design/core/document.ts";

/** Events of the app itself, beside those of its visitors. */
export const ALERT_EVENTS = ["alert_fired", "alert_recovered"];

/** Of visitors who ask to be called back. */
const CALLBACK_EVENT = "callback_requested";

const namesIn = (code: string, call: RegExp): readonly string[] =>
  [...code.matchAll(call)].map((match) => match[2] ?? "");

/** The names of all events that code emits. */
export const emittedIn = (code: string): readonly string[] =>
  namesIn(code, /\bc2c\s*\.\s*emit\(\s*(["'`])([^"'`$]*)\1/g);

/** The names of all events that code listens for. */
export const heardIn = (code: string): readonly string[] =>
  namesIn(code, /\bc2c\s*\.\s*(?:on|once)\(\s*(["'`])([^"'`$]*)\1/g);

/** What the server, the app's buttons and those of the design that visitors see emit. */
export function emittedBeside(app: AppView, design: Design | null): ReadonlySet<string> {
  const buttons = [
    ...(app.customButtons ?? []),
    ...STATES.flatMap((state) =>
      design === null
        ? []
        : blocksIn(design, state).flatMap((block) =>
            block.type === "button" ? [block.effect] : [],
          ),
    ),
  ];
  const own = buttons.flatMap((one) => (one.action === "emit" ? [one.name] : []));
  return new Set([...EVENT_NAMES, CALLBACK_EVENT, ...own]);
}

/** What code listens for that nothing emits, each once. Code does not hear what it emits itself. */
export const unheardIn = (code: string, emitted: ReadonlySet<string>): readonly string[] => [
  ...new Set(heardIn(code).filter((name) => name !== "*" && !emitted.has(name))),
];
