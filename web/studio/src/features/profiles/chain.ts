/** The question what would happen to a call, as an address has it. */

import type { RoutingQuestion } from "../../api/generated/schema.ts";

export interface Question {
  readonly at?: string;
  /** The profile that is asked for. */
  readonly profile?: string;
  /** The routing key. */
  readonly key?: string;
  /** As `name:value`, several after commas. */
  readonly context?: string;
  /** What was filled in, as `name:value`, several after commas. */
  readonly form?: string;
}

export function questionOf({ at, profile, key, context, form }: Question): RoutingQuestion {
  return {
    at,
    destinationId: profile,
    routingKey: key,
    context: pairsOf(context),
    form: pairsOf(form),
  };
}

/** A comma begins another pair only where a name and a colon follow: values may have commas too. */
function pairsOf(text: string | undefined): Record<string, string> | undefined {
  const pairs = (text ?? "").split(/,\s*(?=[A-Za-z][\w.-]*\s*:(?!\/\/))/).flatMap((pair) => {
    const colon = pair.indexOf(":");
    return colon < 1 ? [] : [[pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()] as const];
  });
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}
