/** The question what would happen to a call, as an address has it. */

import type { RoutingQuestion } from "../../api/generated/schema.ts";

export interface Question {
  readonly at?: string;
  /** The profile that is asked for. */
  readonly profile?: string;
  /** The routing key. */
  readonly key?: string;
  /** As `name:value`. */
  readonly context?: string;
  /** What was filled in, as `name:value`. */
  readonly form?: string;
}

export function questionOf({ at, profile, key, context, form }: Question): RoutingQuestion {
  return {
    at,
    destinationId: profile,
    routingKey: key,
    context: pairOf(context),
    form: pairOf(form),
  };
}

function pairOf(text: string | undefined): Record<string, string> | undefined {
  const colon = text?.indexOf(":") ?? -1;
  if (text === undefined || colon < 1) return undefined;
  return { [text.slice(0, colon).trim()]: text.slice(colon + 1).trim() };
}
