import { DESIGNS } from "@bellpush/widget/src/testing/designs.ts";
import fc from "fast-check";
import { expect, test } from "vitest";

import { dominant, faultsOf, pairsOf, withAccent } from "./colors.ts";
import type { Design } from "./document.ts";

const { theme } = DESIGNS.form as Design;
const color = fc
  .integer({ min: 0, max: 0xffffff })
  .map((value) => `#${value.toString(16).padStart(6, "0")}`);

test("a palette of any colour can be read, in both themes", () => {
  fc.assert(
    fc.property(color, (accent) => {
      expect(faultsOf(withAccent(theme.light, accent))).toEqual([]);
      expect(faultsOf(withAccent(theme.dark, accent))).toEqual([]);
    }),
  );
});

test("a colour that can be read stays as it is", () => {
  expect(withAccent(theme.light, "#1660b8").accent).toBe("#1660b8");
});

test("a pair that is too near is named with its contrast", () => {
  const palette = { ...theme.light, text: theme.light.canvas };
  expect(faultsOf(palette).map(({ front, back }) => `${front} on ${back}`)).toEqual([
    "text on canvas",
    "text on surface",
  ]);
  expect(pairsOf(theme.light)).toHaveLength(12);
});

test("a picture is remembered by its colour and not by its greys", () => {
  const pixels = [
    ...Array.from({ length: 50 }, () => [250, 250, 250, 255]),
    ...Array.from({ length: 9 }, () => [20, 90, 200, 255]),
    ...Array.from({ length: 3 }, () => [200, 30, 30, 255]),
    ...Array.from({ length: 90 }, () => [0, 200, 0, 0]),
  ].flat();
  expect(dominant(pixels)).toBe("#145ac8");
  expect(dominant([128, 128, 128, 255])).toBeNull();
});
