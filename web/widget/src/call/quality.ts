/** How good the network is for a call, from two looks at `getStats`. */

/** 4 is excellent, 1 is hardly usable. */
export type Quality = 1 | 2 | 3 | 4;

/** Running totals of one moment. */
export interface Look {
  readonly received: number;
  readonly lost: number;
  readonly jitterMs: number;
  readonly roundTripMs: number;
}

/** Rates what happened between two looks; null when nothing arrived. */
export function rate(before: Look, after: Look): Quality | null {
  const received = after.received - before.received;
  const lost = Math.max(0, after.lost - before.lost);
  if (received + lost <= 0) {
    return null;
  }
  const loss = lost / (received + lost);
  // One-way delay as the ear meets it: half the round trip and the jitter buffer's share.
  const delay = after.roundTripMs / 2 + after.jitterMs * 2;
  if (loss < 0.01 && delay < 120) {
    return 4;
  }
  if (loss < 0.03 && delay < 250) {
    return 3;
  }
  return loss < 0.08 && delay < 450 ? 2 : 1;
}

export function look(report: RTCStatsReport): Look {
  let seen: Look = { received: 0, lost: 0, jitterMs: 0, roundTripMs: 0 };
  report.forEach((stats) => {
    if (stats.type === "inbound-rtp") {
      seen = {
        ...seen,
        received: stats.packetsReceived ?? 0,
        lost: stats.packetsLost ?? 0,
        jitterMs: (stats.jitter ?? 0) * 1000,
      };
    } else if (stats.type === "candidate-pair" && stats.nominated === true) {
      seen = { ...seen, roundTripMs: (stats.currentRoundTripTime ?? 0) * 1000 };
    }
  });
  return seen;
}
