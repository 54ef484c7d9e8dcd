/** What `getStats` tells, as running totals. */

export interface Totals {
  readonly received: number;
  readonly lost: number;
  readonly sent: number;
  readonly jitterMs: number;
  /** null while no report has told it. */
  readonly roundTripMs: number | null;
  /** How long ago the last packet came; null where that is not told. */
  readonly quietMs: number | null;
}

export function totals(report: RTCStatsReport): Totals {
  let seen: Totals = {
    received: 0,
    lost: 0,
    sent: 0,
    jitterMs: 0,
    roundTripMs: null,
    quietMs: null,
  };
  const used = new Set<string>();
  report.forEach((stats) => {
    if (stats.type === "transport" && stats.selectedCandidatePairId !== undefined) {
      used.add(stats.selectedCandidatePairId);
    }
  });
  report.forEach((stats) => {
    switch (stats.type) {
      case "inbound-rtp":
        seen = {
          ...seen,
          received: stats.packetsReceived ?? 0,
          lost: stats.packetsLost ?? 0,
          jitterMs: (stats.jitter ?? 0) * 1000,
          quietMs:
            stats.lastPacketReceivedTimestamp === undefined
              ? null
              : stats.timestamp - stats.lastPacketReceivedTimestamp,
        };
        break;
      case "outbound-rtp":
        seen = { ...seen, sent: stats.packetsSent ?? 0 };
        break;
      case "candidate-pair":
        // After a restart of ICE there are nominated pairs of before.
        if (
          (used.size > 0 ? used.has(stats.id) : stats.nominated === true) &&
          stats.currentRoundTripTime !== undefined
        ) {
          seen = { ...seen, roundTripMs: stats.currentRoundTripTime * 1000 };
        }
        break;
    }
  });
  return seen;
}
