/** Answers that do not come, or come from others than the call's server. */

import type { Failure } from "../errors.ts";

/** No answer, a call that lives elsewhere, and what gateways say of a server that does not answer. */
const AWAY = [0, 421, 502, 503, 504];

/** Whether a request has found nobody who has the call: its server may be gone. */
export function isAway({ status }: Failure): boolean {
  return AWAY.includes(status);
}

/** A request with this signal that has no answer after so long has none. */
export function within(later: (ms: number, run: () => void) => void, ms: number): AbortSignal {
  const controller = new AbortController();
  later(ms, () => controller.abort());
  return controller.signal;
}
