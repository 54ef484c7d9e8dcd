/** A-law, as telephones speak it: eight bits a sample, 8,000 samples a second. */

const SEGMENTS = 8;

/** Samples between -1 and 1 as A-law. */
export function toAlaw(samples: Float32Array): Buffer {
  return Buffer.from(Uint8Array.from(samples, encode));
}

/** A-law as samples between -1 and 1. */
export function fromAlaw(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, decode);
}

function encode(sample: number): number {
  const linear = Math.round(Math.max(-1, Math.min(1, sample)) * 32_767);
  const positive = linear >= 0;
  const magnitude = Math.min(positive ? linear : -linear - 1, 32_767) >> 3;
  let segment = 0;
  while (segment < SEGMENTS - 1 && magnitude >> (segment + 5) !== 0) segment += 1;
  const low = segment < 2 ? (magnitude >> 1) & 0x0f : (magnitude >> segment) & 0x0f;
  return ((segment << 4) | low) ^ (positive ? 0xd5 : 0x55);
}

function decode(byte: number): number {
  const code = byte ^ 0x55;
  const segment = (code & 0x70) >> 4;
  const low = ((code & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? low : (low + 0x100) << (segment - 1);
  return (code & 0x80 ? magnitude : -magnitude) / 32_768;
}
