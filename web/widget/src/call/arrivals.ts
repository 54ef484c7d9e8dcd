/**
 * How long nothing has come from the call's server, and when that is a reason to ask it.
 *
 * Pure: it is given what was seen, two to four times a second, and says whether to ask.
 */

/** Without any packet for so long the server is thought gone, if it does not answer either. */
export const SILENCE_MS = 1500;
/** A server that has answered is asked no more often, however silent the far side is. */
const ASK_AGAIN_MS = 5000;

export interface Arrival {
  /** Milliseconds, by a clock that only goes forward. */
  readonly at: number;
  /** Packets so far. */
  readonly received: number;
  /** How long ago the last one came; null where the browser does not tell. */
  readonly quietMs: number | null;
  /** Whether any are to be expected. */
  readonly expected: boolean;
}

export interface Arrivals {
  /**
   * Takes a look; null when there is no reason to ask, or else how long packets have yet to stay away. An
   * answer that takes as long as it may comes when that is over.
   */
  look(look: Arrival): number | null;
  /** Another connection, which counts anew. */
  reset(): void;
  /** How long nothing has come, as of the last look. */
  quiet(): number;
}

/** `answerMs`: how long an answer may take. */
export function createArrivals(answerMs: number): Arrivals {
  let last: Arrival | null = null;
  let since = 0;
  let asked = Number.NEGATIVE_INFINITY;

  return {
    look(look) {
      const { at, received, quietMs, expected } = look;
      if (last === null || !expected) {
        since = at;
      } else if (received > last.received) {
        since = Math.max(last.at, at - (quietMs ?? 0));
      }
      last = look;
      const quiet = at - since;
      const due = since > asked || at - asked >= ASK_AGAIN_MS;
      if (quiet < SILENCE_MS - answerMs || !due) {
        return null;
      }
      asked = at;
      return Math.max(0, SILENCE_MS - quiet);
    },
    reset() {
      last = null;
    },
    quiet: () => (last === null ? 0 : last.at - since),
  };
}
