/** The visitor's voice: a known tone, in bursts, as the fake microphone's file. */

import { writeFileSync } from "node:fs";

/** Hertz. No harmonic of the mains, and well inside what Opus keeps. */
export const TONE = 1_000;
export const TONE_FILE = "/tmp/bellpush-browser-tests-tone.wav";

const RATE = 48_000;
const SECONDS = 4;
/** A steady tone would be taken for noise by the browser's noise suppression; speech comes in bursts. */
const BURST = { on: 0.35, off: 0.15 };

export default function writeTone(): void {
  const samples = RATE * SECONDS;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let index = 0; index < samples; index += 1) {
    const time = index / RATE;
    const inBurst = time % (BURST.on + BURST.off) < BURST.on;
    const value = inBurst ? Math.sin(2 * Math.PI * TONE * time) * 0.5 : 0;
    wav.writeInt16LE(Math.round(value * 32_767), 44 + index * 2);
  }
  writeFileSync(TONE_FILE, wav);
}
