/** The visitor's voice: a known tone, in bursts, as the fake microphone's file. */

import { renameSync, writeFileSync } from "node:fs";

import { sine, wav } from "./sound.ts";

/** Hertz. No harmonic of the mains, and well inside what Opus keeps. */
export const TONE = 1_000;
export const TONE_FILE = "/tmp/bellpush-browser-tests-tone.wav";

const RATE = 48_000;
const SECONDS = 4;
/** A steady tone would be taken for noise by the browser's noise suppression; speech comes in bursts. */
const BURST = { on: 0.35, off: 0.15 };

export default function writeTone(): void {
  const { samples } = sine(RATE, SECONDS, TONE);
  const inBursts = samples.map((sample, index) =>
    (index / RATE) % (BURST.on + BURST.off) < BURST.on ? sample : 0,
  );
  // Browsers of other tests may read it at this moment.
  const whole = `${TONE_FILE}.${process.pid}`;
  writeFileSync(whole, wav({ rate: RATE, samples: inBursts }));
  renameSync(whole, TONE_FILE);
}
