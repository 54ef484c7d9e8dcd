import { describe, expect, it } from "vitest";
import { type Look, rate } from "./quality.ts";

const START: Look = { received: 1000, lost: 10, jitterMs: 0, roundTripMs: 0 };

describe("the network's quality", () => {
  it.each([
    { received: 100, lost: 0, jitterMs: 5, roundTripMs: 40, quality: 4 },
    { received: 98, lost: 2, jitterMs: 5, roundTripMs: 40, quality: 3 },
    { received: 100, lost: 0, jitterMs: 20, roundTripMs: 300, quality: 3 },
    { received: 95, lost: 5, jitterMs: 5, roundTripMs: 40, quality: 2 },
    { received: 80, lost: 20, jitterMs: 5, roundTripMs: 40, quality: 1 },
    { received: 100, lost: 0, jitterMs: 5, roundTripMs: 1500, quality: 1 },
  ])("is $quality with $lost lost of 100 and a round trip of $roundTripMs ms", (seen) => {
    const after = { ...seen, received: 1000 + seen.received, lost: 10 + seen.lost };
    expect(rate(START, after)).toBe(seen.quality);
  });

  it("is unknown when nothing arrives, and not harmed by late packets", () => {
    expect(rate(START, START)).toBeNull();
    expect(rate(START, { ...START, received: 1100, lost: 8 })).toBe(4);
  });
});
