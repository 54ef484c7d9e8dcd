/** The search itself: number after number, until one has the hash. */

import type { Challenge, Proof } from "@bellpush/protocol";

/** Hashes under way at once: each is a promise of the browser's own crypto. */
const BATCH = 500;

export async function search(challenge: Challenge): Promise<Proof | null> {
  const { maxnumber, ...rest } = challenge;
  const encoder = new TextEncoder();
  const aim = challenge.challenge;
  for (let start = 0; start <= maxnumber; start += BATCH) {
    const numbers = Array.from(
      { length: Math.min(BATCH, maxnumber + 1 - start) },
      (_, index) => start + index,
    );
    const found = await Promise.all(
      numbers.map(async (number) => {
        const text = encoder.encode(`${challenge.salt}${number}`);
        return hex(await crypto.subtle.digest(challenge.algorithm, text)) === aim;
      }),
    );
    const number = numbers[found.indexOf(true)];
    if (number !== undefined) {
      return { ...rest, number };
    }
  }
  return null;
}

function hex(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
