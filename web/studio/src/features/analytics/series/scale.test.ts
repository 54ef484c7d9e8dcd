import { describe, expect, test } from "vitest";

import { roundTop, runs, ticks } from "./scale.ts";

describe("a chart's scale", () => {
  test("its top is round, and not below what is drawn", () => {
    expect([0, 0.3, 1, 3, 7, 21, 99, 100, 101, 260].map(roundTop)).toEqual([
      1, 0.5, 1, 5, 10, 25, 100, 100, 200, 500,
    ]);
  });

  test("a line breaks where nothing was measured", () => {
    expect(runs([null, 1, 2, null, 0, null])).toEqual([[1, 2], [4]]);
    expect(runs([null, null])).toEqual([]);
    expect(runs([])).toEqual([]);
  });

  test("an axis names its ends", () => {
    expect(ticks(90, 4)).toEqual([0, 30, 59, 89]);
    expect(ticks(2, 6)).toEqual([0, 1]);
    expect(ticks(1, 6)).toEqual([0]);
    expect(ticks(0, 6)).toEqual([]);
  });
});
