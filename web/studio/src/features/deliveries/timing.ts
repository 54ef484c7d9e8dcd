/** The parts of a request in their order, to be drawn one below the other. */

import type { Timing } from "../../api/generated/schema.ts";

export type Part = "wait" | "resolve" | "connect" | "tls" | "firstByte" | "body";

export interface Phase {
  readonly part: Part;
  /** When it began, and how long it took, in microseconds. */
  readonly start: number;
  readonly length: number;
}

export function phases(timing: Timing): readonly Phase[] {
  const opening: readonly (readonly [Part, number | null | undefined])[] = [
    ["resolve", timing.resolveUs],
    ["connect", timing.connectUs],
    ["tls", timing.tlsUs],
  ];
  const opened = opening.reduce((sum, [, length]) => sum + (length ?? 0), 0);
  // The connection may have been begun for another request, before this one asked for it.
  const connection = Math.max(timing.connectionUs, opened);
  const all: readonly (readonly [Part, number | null | undefined])[] = [
    ["wait", opened === 0 || connection - opened >= 100 ? connection - opened : null],
    ...opening,
    ["firstByte", timing.firstByteUs],
    ["body", timing.bodyUs],
  ];
  const found: Phase[] = [];
  let start = 0;
  for (const [part, length] of all) {
    if (length == null) continue;
    found.push({ part, start, length });
    start += length;
  }
  return found;
}

/** Microseconds as milliseconds, with as many digits as tell something. */
export const milliseconds = (us: number): string => {
  const ms = us / 1_000;
  return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
};
