import { describe, expect, it } from "vitest";
import type { Warning } from "../state.ts";
import { createHealth, type Look, mos } from "./health.ts";

const GOOD = {
  sent: 0,
  jitterMs: 3,
  roundTripMs: 40,
  peakDb: -20,
  muted: false,
  held: false,
  listening: false,
  interrupted: false,
};

interface Seconds extends Partial<Omit<Look, "at" | "received" | "lost">> {
  readonly packets?: number;
  readonly losses?: number;
}

/** Looks once a second for as long as there are descriptions; the warnings after each. */
function watch(...seconds: readonly Seconds[]): (readonly Warning[])[] {
  const health = createHealth();
  let [received, lost] = [0, 0];
  return seconds.map(({ packets = 50, losses = 0, ...rest }, index) => {
    received += packets;
    lost += losses;
    return health.look({ ...GOOD, ...rest, at: 1000 * (index + 1), received, lost });
  });
}

const times = (count: number, second: Seconds = {}) => Array.from({ length: count }, () => second);
const DEAD = { peakDb: Number.NEGATIVE_INFINITY };

describe("a microphone", () => {
  it("that gives digital silence for 3 s is dead, and lives with its first sound", () => {
    const seen = watch(...times(2), ...times(4, DEAD), ...times(1));
    expect(seen.slice(0, 5)).toEqual([[], [], [], [], []]);
    expect(seen[5]).toEqual(["microphone_silent"]);
    expect(seen[6]).toEqual([]);
  });

  it("that was below -50 dB since the start is dead after 15 s", () => {
    const seen = watch(...times(16, { peakDb: -60 }), { peakDb: -30 }, { peakDb: -60 });
    expect(seen[14]).toEqual([]);
    expect(seen[15]).toEqual(["microphone_silent"]);
    expect(seen.slice(16)).toEqual([[], []]);
  });

  it.each([
    ["muted", { muted: true }],
    ["on hold", { held: true }],
    ["listened without", { listening: true }],
  ] as const)("is not called dead while %s", (_, reason) => {
    expect(watch(...times(20, { ...DEAD, ...reason })).flat()).toEqual([]);
  });

  it("whose level is unknown is not called dead", () => {
    expect(watch(...times(20, { peakDb: null })).flat()).toEqual([]);
  });
});

describe("one who talks while muted", () => {
  it("is told so, until he is quiet or unmuted", () => {
    const talks = { muted: true, peakDb: -15 };
    const seen = watch(talks, talks, ...times(3, { muted: true, peakDb: -60 }), talks, talks, {});
    expect(seen[0]).toEqual([]);
    expect(seen[1]).toEqual(["talking_muted"]);
    expect(seen[4]).toEqual([]);
    expect(seen[6]).toEqual(["talking_muted"]);
    expect(seen[7]).toEqual([]);
  });
});

describe("the far side", () => {
  it("is missed when no packet comes for 3 s", () => {
    const seen = watch(...times(2), ...times(3, { packets: 0 }), {});
    expect(seen[3]).toEqual([]);
    expect(seen[4]).toEqual(["nothing_heard"]);
    expect(seen[5]).toEqual([]);
  });

  it.each([{ held: true }, { interrupted: true }])("is not missed while %j", (reason) => {
    expect(watch({}, ...times(10, { packets: 0, ...reason })).flat()).toEqual([]);
  });
});

describe("a network", () => {
  it.each([
    ["a round trip above 400 ms", times(2, { roundTripMs: 401 }), 1],
    ["jitter above 30 ms", times(2, { jitterMs: 31 }), 1],
    [
      "more than 3 % lost over 7 s",
      [{}, ...times(7, { packets: 100, losses: 0 }), { losses: 30 }],
      8,
    ],
    ["more than 1 % lost in 3 of 5 s", [{}, ...times(3, { losses: 1 })], 3],
    ["much of it together", times(2, { roundTripMs: 390, jitterMs: 30, losses: 6 }), 1],
  ] as const)("is weak by %s", (_, seconds, at) => {
    const seen = watch(...seconds);
    expect(seen[at]).toEqual(["network_weak"]);
    expect(seen.slice(0, at).flat()).toEqual([]);
  });

  it.each([
    ["400 ms", times(20, { roundTripMs: 300 })],
    ["30 ms", times(20, { jitterMs: 30 })],
    ["one loss in 5 s", times(4, {}).concat({ losses: 1 }, times(4, {}))],
    ["no report yet", times(20, { roundTripMs: null })],
  ] as const)("is not weak at the edge (%s)", (_, seconds) => {
    expect(watch(...seconds).flat()).toEqual([]);
  });

  it("is weak until it was good for 5 s, so that the words do not flicker", () => {
    const seen = watch({}, { jitterMs: 50 }, ...times(6));
    expect(seen.slice(1, 6).every((raised) => raised.includes("network_weak"))).toBe(true);
    expect(seen[6]).toEqual([]);
  });

  it("is not judged while on hold", () => {
    expect(watch(...times(10, { held: true, jitterMs: 80, losses: 20 })).flat()).toEqual([]);
  });
});

describe("the score", () => {
  it("falls with delay and loss, from 4.4 to 1", () => {
    expect(mos({ roundTripMs: 0, jitterMs: 0 }, 0)).toBeCloseTo(4.4, 1);
    expect(mos({ roundTripMs: 40, jitterMs: 5 }, 0.02)).toBeLessThan(4.4);
    expect(mos({ roundTripMs: 2000, jitterMs: 100 }, 0.4)).toBe(1);
  });
});
