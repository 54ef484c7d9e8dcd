import { describe, expect, it } from "vitest";
import { isSameGesture } from "./gesture.ts";

const FIRST = { at: 1000, x: 100, y: 100, count: 1 };

describe("a second click", () => {
  it.each([
    ["the second of a double click", { at: 1400, x: 102, y: 99, count: 2 }, true],
    ["the third of a triple click", { at: 1300, x: 100, y: 100, count: 3 }, true],
    ["one too soon to be meant, though counted anew", { at: 1150, x: 100, y: 100, count: 1 }, true],
    ["a slow one", { at: 1600, x: 100, y: 100, count: 2 }, false],
    ["one on its own", { at: 1300, x: 100, y: 100, count: 1 }, false],
    ["one elsewhere", { at: 1100, x: 160, y: 100, count: 1 }, false],
  ])("%s: one gesture is %s", (_, click, same) => {
    expect(isSameGesture(FIRST, click)).toBe(same);
  });
});
