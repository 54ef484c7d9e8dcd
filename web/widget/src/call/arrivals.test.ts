import { describe, expect, it } from "vitest";
import { createArrivals } from "./arrivals.ts";

const ANSWER_MS = 700;

interface Seen {
  readonly at: number;
  readonly received: number;
  readonly quietMs?: number;
  readonly expected?: boolean;
}

/** What each look comes to. */
function look(...looks: readonly Seen[]): (number | null)[] {
  const arrivals = createArrivals(ANSWER_MS);
  return looks.map((one) => arrivals.look({ quietMs: null, expected: true, ...one }));
}

describe("packets that stay away", () => {
  it("are a reason to ask so early that the answer is due after 1.5 s", () => {
    expect(
      look({ at: 0, received: 50 }, { at: 700, received: 50 }, { at: 800, received: 50 }),
    ).toEqual([null, null, 700]);
  });

  it("are counted from the look that has seen the last one, where nothing more is known", () => {
    expect(
      look(
        { at: 0, received: 50 },
        { at: 500, received: 60 },
        { at: 1250, received: 60 },
        { at: 1500, received: 60 },
      ),
    ).toEqual([null, null, null, 500]);
  });

  it("are counted from the last one, where the browser tells of it", () => {
    expect(
      look(
        { at: 0, received: 50 },
        { at: 500, received: 60, quietMs: 400 },
        { at: 1000, received: 60, quietMs: 900 },
      ),
    ).toEqual([null, null, 600]);
  });

  it("are counted from the look before, if the browser tells nonsense", () => {
    expect(look({ at: 0, received: 50 }, { at: 500, received: 60, quietMs: 90_000 })).toEqual([
      null,
      null,
    ]);
  });

  it("are asked about again after 5 s, or when some have come meanwhile", () => {
    const seen = look(
      { at: 0, received: 50 },
      { at: 1000, received: 50 },
      { at: 1250, received: 50 },
      { at: 5900, received: 50 },
      { at: 6000, received: 50 },
      { at: 6250, received: 51 },
      { at: 7250, received: 51 },
    );
    expect(seen).toEqual([null, 500, null, null, 0, null, 500]);
  });

  it("are no reason while none are expected, and count from then on", () => {
    expect(
      look(
        { at: 0, received: 50, expected: false },
        { at: 9000, received: 50, expected: false },
        { at: 9500, received: 50 },
        { at: 9800, received: 50 },
      ),
    ).toEqual([null, null, null, 700]);
  });

  it("of another connection count anew", () => {
    const arrivals = createArrivals(ANSWER_MS);
    const at = (at: number, received: number) =>
      arrivals.look({ at, received, quietMs: null, expected: true });
    at(0, 500);
    arrivals.reset();
    expect([at(1000, 0), at(1700, 0), at(1800, 0)]).toEqual([null, null, 700]);
  });
});
