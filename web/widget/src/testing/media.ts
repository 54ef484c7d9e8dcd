/** Media without a browser: the test says how the connections fare. Stands in for `call/media.ts`. */

import type { ConnectionState, Media, MediaPorts } from "../call/media.ts";

interface Fake {
  /** Says how the connection fares that was opened last. */
  report: (state: ConnectionState) => void;
  /** The same of each, from the first. */
  readonly reports: ((state: ConnectionState) => void)[];
  /** What was done with the first connection, and with the second one (`2: …`), and so on. */
  log: string[];
  takesDigits: boolean;
  answerFails: boolean;
  offer: () => Promise<string>;
  /** Whether packets come. */
  flows: boolean;
  received: number;
  /** Whether sound has come by a connection that is connected. */
  sounds: boolean;
  peakDb: number | null;
}

export const media: Fake = {
  report: () => undefined,
  reports: [],
  log: [],
  takesDigits: true,
  answerFails: false,
  offer: async () => "the offer",
  flows: true,
  received: 0,
  sounds: true,
  peakDb: -20,
};

export function resetMedia(): void {
  media.reports.length = 0;
  media.offer = async () => "the offer";
  Object.assign(media, {
    log: [],
    takesDigits: true,
    answerFails: false,
    flows: true,
    sounds: true,
    peakDb: -20,
  });
}

export function openMedia({ onConnection }: MediaPorts): Media {
  media.report = onConnection;
  const number = media.reports.push(onConnection);
  const note = (what: string) => void media.log.push(number === 1 ? what : `${number}: ${what}`);
  return {
    offer: () => media.offer(),
    async restart() {
      note("restart");
      return "another offer";
    },
    async answer(sdp) {
      note(sdp);
      if (media.answerFails) {
        throw new Error("not an answer");
      }
    },
    sendDigit(digit) {
      note(digit);
      return media.takesDigits;
    },
    async stats() {
      media.received += media.flows ? 50 : 0;
      return new Map([
        ["in", { type: "inbound-rtp", packetsReceived: media.received, packetsLost: 0, jitter: 0 }],
      ]) as unknown as RTCStatsReport;
    },
    hasSound: () => media.sounds,
    play: () => note("play"),
    silence: () => note("silence"),
    close: () => note("close"),
  };
}

/** Stands in for `call/meter.ts`. */
export const createMeter = () => ({
  level: () => 0.5,
  peak: () => media.peakDb,
  follow: () => undefined,
  close: () => undefined,
});

/** Stands in for `call/wake.ts`. */
export const keepAwake = () => ({ hold: () => undefined, release: () => undefined });
