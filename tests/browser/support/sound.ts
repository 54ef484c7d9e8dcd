/** Sound as samples, and which tone is in it. */

/** One channel of samples between -1 and 1. */
export interface Sound {
  readonly rate: number;
  readonly samples: Float32Array;
}

/** The loudest tone of a piece of sound. */
export interface Tone {
  readonly hertz: number;
  /** In decibels; a sine at full scale has 0. */
  readonly level: number;
  /** How many decibels it stands above the rest of the spectrum. */
  readonly above: number;
}

/** Samples in which a tone is looked for: 170 ms at 48 kHz, 1 s at 8 kHz. */
const WINDOW = 8_192;
const STEP = 10;
/** What is nearer to a tone than this belongs to it. */
const WIDTH = 230;
const LOWEST = 100;
const HIGHEST = 3_900;

/** The loudest tone in each window of a sound, from the latest to the first; looked for when asked. */
export function* tones({ rate, samples }: Sound): Generator<Tone> {
  for (let end = samples.length; end >= WINDOW; end -= WINDOW) {
    yield loudest(rate, samples.subarray(end - WINDOW, end));
  }
}

function loudest(rate: number, samples: Float32Array): Tone {
  const window = windowed(samples);
  const spectrum: { hertz: number; level: number }[] = [];
  for (let hertz = LOWEST; hertz <= HIGHEST; hertz += STEP) {
    spectrum.push({ hertz, level: levelIn(window, hertz / rate) });
  }
  const { hertz, level } = spectrum.reduce((one, other) => (other.level > one.level ? other : one));
  const far = spectrum.filter((one) => Math.abs(one.hertz - hertz) > WIDTH);
  const rest = far.reduce((sum, one) => sum + one.level, 0) / far.length;
  return { hertz, level, above: level - rest };
}

/**
 * How loud one frequency is, in cycles a sample: in decibels, a sine at full scale has 0. By Goertzel's
 * algorithm under a Hann window.
 */
export function levelOf(samples: Float32Array, frequency: number): number {
  return levelIn(windowed(samples), frequency);
}

/** The samples by Hann's window: once for all frequencies that are looked for. */
function windowed(samples: Float32Array): Float32Array {
  const hann = (index: number) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / samples.length);
  return samples.map((sample, index) => sample * hann(index));
}

/** By Goertzel. A plain loop: whatever else this thread has to do, such as a telephone, waits for it. */
function levelIn(window: Float32Array, frequency: number): number {
  const turn = 2 * Math.cos(2 * Math.PI * frequency);
  let last = 0;
  let before = 0;
  for (const sample of window) {
    const next = sample + turn * last - before;
    before = last;
    last = next;
  }
  const power = last * last + before * before - turn * last * before;
  return Math.max(10 * Math.log10((16 * power) / window.length ** 2), -150);
}

/** How loud a tone was at a moment. */
export interface Moment {
  /** Milliseconds. */
  readonly at: number;
  /** In decibels; a sine at full scale has 0. */
  readonly level: number;
}

const MOMENT_MS = 20;

/** How loud a tone is in each 20 ms of a sound that begins at a time. */
export function moments({ rate, samples }: Sound, hertz: number, from: number): Moment[] {
  const length = (rate * MOMENT_MS) / 1000;
  return Array.from({ length: Math.floor(samples.length / length) }, (_, index) => ({
    at: from + index * MOMENT_MS,
    level: levelOf(samples.subarray(index * length, (index + 1) * length), hertz / rate),
  }));
}

/** What is fainter is taken for nothing. */
const AUDIBLE = -45;

/** The loudest of a tone between two times, in decibels. */
export function loudestBetween(heard: readonly Moment[], from: number, to: number): number {
  return Math.max(...heard.filter(({ at }) => at >= from && at < to).map(({ level }) => level));
}

/** The longest time without a tone between two times, in milliseconds. */
export function longestGap(heard: readonly Moment[], from: number, to: number): number {
  const times = heard
    .filter(({ at, level }) => at >= from && at < to && level > AUDIBLE)
    .map(({ at }) => at);
  const edges = [from, ...times, to];
  return Math.max(...edges.slice(1).map((at, index) => at - (edges[index] ?? at)));
}

/** The longest time between two times in which nothing came at all, be it silence, in milliseconds. */
export function longestPause(came: readonly Moment[], from: number, to: number): number {
  return longestGap(
    came.map(({ at }) => ({ at, level: 0 })),
    from,
    to,
  );
}

/** Samples of 16 bits, little-endian, as numbers between -1 and 1. */
export function fromPcm16(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from(
    { length: Math.floor(bytes.byteLength / 2) },
    (_, index) => view.getInt16(index * 2, true) / 32_768,
  );
}

const WAV_HEADER = 44;

/** A WAV file of 16 bits, with the same sound in each channel. */
export function wav({ rate, samples }: Sound, channels = 1): Buffer {
  const frame = channels * 2;
  const file = Buffer.alloc(WAV_HEADER + samples.length * frame);
  file.write("RIFF", 0);
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(channels, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * frame, 28);
  file.writeUInt16LE(frame, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36);
  file.writeUInt32LE(samples.length * frame, 40);
  samples.forEach((sample, index) => {
    for (let channel = 0; channel < channels; channel += 1) {
      file.writeInt16LE(Math.round(sample * 32_767), WAV_HEADER + index * frame + channel * 2);
    }
  });
  return file;
}

/** The first channel of a WAV file of 16 bits that may still be growing. */
export function fromWav(file: Buffer): Sound | null {
  if (file.length < WAV_HEADER) return null;
  const channels = file.readUInt16LE(22);
  const samples = fromPcm16(file.subarray(WAV_HEADER));
  return {
    rate: file.readUInt32LE(24),
    samples: samples.filter((_, index) => index % channels === 0),
  };
}

/** A sine at half of full scale, which is -6 dB. */
export function sine(rate: number, seconds: number, hertz: number): Sound {
  const samples = Float32Array.from(
    { length: rate * seconds },
    (_, index) => Math.sin((2 * Math.PI * hertz * index) / rate) * 0.5,
  );
  return { rate, samples };
}
