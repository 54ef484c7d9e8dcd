/** The browser's clock corrected to the server's, by the times that the server's answers carry. */

export interface Clock {
  /** Milliseconds since the Unix epoch, as the server counts them. */
  now(): number;
  /** The same as ISO 8601 in UTC with milliseconds. */
  iso(): string;
  /** Learns from an answer that was asked for and came at these local times. */
  learn(serverTime: string, askedAt: number, cameAt: number): void;
}

export function createClock(local: () => number): Clock {
  let offset = 0;
  let uncertainty = Number.POSITIVE_INFINITY;
  const now = () => Math.round(local() + offset);
  return {
    now,
    iso: () => new Date(now()).toISOString(),
    learn(serverTime, askedAt, cameAt) {
      const server = Date.parse(serverTime);
      const roundTrip = Math.max(0, cameAt - askedAt);
      // The quickest answer says most: the server's time lies somewhere within the round trip.
      if (Number.isFinite(server) && roundTrip <= uncertainty) {
        uncertainty = roundTrip;
        offset = server - (askedAt + roundTrip / 2);
      }
    },
  };
}
