/** Colours: pairs with their contrast, as the server checks them, and palettes made of one colour. */

import type { design } from "@bellpush/protocol";
import { contrast, mix } from "@bellpush/widget/src/design/color.ts";

export type Palette = design.Palette;
export type ColorName = keyof Palette;
export type Scheme = "light" | "dark";

export interface Pair {
  readonly front: ColorName;
  readonly back: ColorName;
  readonly ratio: number;
  readonly needed: number;
}

const WORDS = 4.5;
const SIGNS = 3;

const PAIRS: readonly (readonly [ColorName, ColorName, number])[] = [
  ["text", "canvas", WORDS],
  ["text", "surface", WORDS],
  ["textSoft", "canvas", WORDS],
  ["textSoft", "surface", WORDS],
  ["onAccent", "accent", WORDS],
  ["onDanger", "danger", WORDS],
  ["accent", "canvas", WORDS],
  ["accent", "surface", WORDS],
  ["danger", "canvas", WORDS],
  ["danger", "surface", WORDS],
  ["line", "canvas", SIGNS],
  ["line", "surface", SIGNS],
];

export function pairsOf(palette: Palette): readonly Pair[] {
  return PAIRS.map(([front, back, needed]) => ({
    front,
    back,
    needed,
    ratio: contrast(palette[front], palette[back]),
  }));
}

/** How many pairs are below what they need. */
export const faultsOf = (palette: Palette): readonly Pair[] =>
  pairsOf(palette).filter(({ ratio, needed }) => ratio < needed);

export const isColor = (text: string): boolean => /^#[0-9a-f]{6}$/i.test(text);

/** A palette with another accent, as near to it as can be read. */
export function withAccent(palette: Palette, color: string): Palette {
  const toward = contrast("#000000", palette.canvas) > contrast("#ffffff", palette.canvas);
  const accent = readable(color, toward ? "#000000" : "#ffffff", (one) =>
    Math.min(contrast(one, palette.canvas), contrast(one, palette.surface)),
  );
  const onAccent = ["#ffffff", mix(accent, "#000000", 0.86), "#000000"].find(
    (one) => contrast(one, accent) >= WORDS,
  );
  return { ...palette, accent, onAccent: onAccent ?? "#000000" };
}

function readable(color: string, toward: string, worst: (color: string) => number): string {
  for (let amount = 0; amount < 1; amount += 0.02) {
    const mixed = mix(color.toLowerCase(), toward, amount);
    if (worst(mixed) >= WORDS) return mixed;
  }
  return toward;
}

/** The colour that a picture is remembered by: the most frequent of those that are not grey. */
export function dominant(pixels: ArrayLike<number>): string | null {
  const buckets = new Map<number, { count: number; sum: [number, number, number] }>();
  for (let at = 0; at + 3 < pixels.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = [0, 1, 2, 3].map((one) => pixels[at + one]);
    const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
    if (alpha < 128 || most - least < 40) continue;
    const key = (red >> 5) * 64 + (green >> 5) * 8 + (blue >> 5);
    const bucket = buckets.get(key) ?? { count: 0, sum: [0, 0, 0] };
    bucket.count += 1;
    bucket.sum = [bucket.sum[0] + red, bucket.sum[1] + green, bucket.sum[2] + blue];
    buckets.set(key, bucket);
  }
  const best = [...buckets.values()].sort((a, b) => b.count - a.count)[0];
  if (best === undefined) return null;
  const digits = best.sum.map((sum) =>
    Math.round(sum / best.count)
      .toString(16)
      .padStart(2, "0"),
  );
  return `#${digits.join("")}`;
}
