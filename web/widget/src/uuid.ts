/** Event ids: UUIDv7 (RFC 9562 5.7), ascending even within one millisecond. */

/** Makes a source of ids from a clock (milliseconds since the Unix epoch) and random bytes. */
export function createIds(
  now: () => number,
  random: (bytes: Uint8Array<ArrayBuffer>) => void,
): () => string {
  let millis = 0;
  let counter = 0;
  return () => {
    const bytes = new Uint8Array(16);
    random(bytes);
    const at = Math.floor(now());
    if (at > millis) {
      millis = at;
      // RFC 9562 6.2: seeded with its highest bit clear, so that it has room to count.
      counter = (byte(bytes, 6) & 0x07) * 256 + byte(bytes, 7);
    } else if (counter < 0xfff) {
      counter += 1;
    } else {
      millis += 1;
      counter = 0;
    }
    for (let index = 0; index < 6; index += 1) {
      bytes[index] = Math.floor(millis / 256 ** (5 - index)) % 256;
    }
    bytes[6] = 0x70 | (counter >> 8);
    bytes[7] = counter & 0xff;
    bytes[8] = 0x80 | (byte(bytes, 8) & 0x3f);
    const hex = Array.from(bytes, (value) => value.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
}

function byte(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
