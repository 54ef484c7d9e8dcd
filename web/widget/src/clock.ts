/** The browser's clock corrected to the server's, by the times that the server's answers carry. */

/** What a clock differs by from one that only goes forward is more than a small correction. */
const SET_MS = 1000;

export interface Clock {
  /** Milliseconds since the Unix epoch, as the server counts them. */
  now(): number;
  /** The same as ISO 8601 in UTC with milliseconds. */
  iso(): string;
  /** Learns from an answer that was asked for and came at these local times. */
  learn(serverTime: string, askedAt: number, cameAt: number): void;
}

/**
 * Of the browser's clock, and one that only goes forward. `onSet` is called when the browser's has been
 * set, or the machine has slept: only the server can tell which of the two, and what time it is. It says
 * whether the server is asked.
 */
export function createClock(
  local: () => number,
  steady: () => number,
  onSet: () => boolean,
): Clock {
  let offset = 0;
  let uncertainty = Number.POSITIVE_INFINITY;
  let apart = local() - steady();

  function now(): number {
    const moved = local() - steady() - apart;
    if (Math.abs(moved) > SET_MS) {
      apart += moved;
      uncertainty = Number.POSITIVE_INFINITY;
      // Until the server says more, too early is better than too late: it takes no times ahead of its own. Where it
      // does not, the machine has slept: that is what sets a clock forward most often.
      if (onSet() || moved < 0) {
        offset -= moved;
      }
    }
    return Math.round(local() + offset);
  }

  return {
    now,
    iso: () => new Date(now()).toISOString(),
    learn(serverTime, askedAt, cameAt) {
      now();
      const server = Date.parse(serverTime);
      const roundTrip = cameAt - askedAt;
      // The quickest answer says most: the server's time lies somewhere within the round trip. None takes less
      // than no time: there the clock was set on the way.
      if (Number.isFinite(server) && roundTrip >= 0 && roundTrip <= uncertainty) {
        uncertainty = roundTrip;
        offset = server - (askedAt + roundTrip / 2);
      }
    },
  };
}
