/**
 * From a design's theme to the widget's tokens (`styles/tokens.css`).
 *
 * A design chooses few colours, in pairs that the server has checked. The others are mixed of them, no
 * further than what stands on them can be read.
 */

import type { design } from "@bellpush/protocol";
import { contrast, mix } from "./color.ts";

const STACKS: { readonly [S in design.FontStack]: string } = {
  system: 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif',
  rounded: 'ui-rounded,"SF Pro Rounded","Hiragino Maru Gothic ProN",Quicksand,Nunito,system-ui',
  serif: 'ui-serif,"Iowan Old Style",Palatino,Georgia,"Times New Roman",serif',
  mono: "ui-monospace,Menlo,Consolas,monospace",
};

/** Contrast that words need, and that signs need. */
const WORDS = 4.5;
const SIGNS = 3;

/** Each token's colour in one palette. */
export function tokensOf(palette: design.Palette): Readonly<Record<string, string>> {
  const { accent, onAccent, danger, onDanger, canvas, surface, text, textSoft, line } = palette;
  return {
    accent,
    "accent-strong": away(accent, onAccent),
    "on-accent": onAccent,
    "accent-soft": tint(canvas, accent, 0.13, [text, WORDS], [accent, SIGNS]),
    danger,
    "danger-strong": away(danger, onDanger),
    "on-danger": onDanger,
    "danger-soft": tint(canvas, danger, 0.13, [text, WORDS], [danger, SIGNS]),
    canvas,
    "canvas-glow": tint(canvas, accent, 0.1, [text, WORDS], [textSoft, WORDS], [accent, WORDS]),
    surface,
    "surface-raised": tint(surface, text, 0.07, [text, WORDS], [textSoft, SIGNS]),
    line: mix(canvas, text, 0.16),
    "line-strong": line,
    text,
    "text-soft": textSoft,
  };
}

/** A little further from what stands on it. */
function away(color: string, on: string): string {
  const [darker, lighter] = [mix(color, "#000000", 0.16), mix(color, "#ffffff", 0.2)];
  return contrast(darker, on) > contrast(lighter, on) ? darker : lighter;
}

/** As much of a colour as what stands on it bears. */
function tint(
  base: string,
  color: string,
  most: number,
  ...above: readonly (readonly [string, number])[]
): string {
  for (let amount = most; amount > 0.01; amount -= 0.01) {
    const mixed = mix(base, color, amount);
    if (above.every(([on, needed]) => contrast(mixed, on) >= needed)) {
      return mixed;
    }
  }
  return base;
}

/** The rule that puts a theme into force. */
export function cssOf({ light, dark, radius, density, font }: design.Theme): string {
  const [onLight, onDark] = [tokensOf(light), tokensOf(dark)];
  const colors = Object.keys(onLight).map(
    (name) => `--${name}:light-dark(${onLight[name]},${onDark[name]})`,
  );
  const stack = STACKS[font.stack] ?? STACKS.system;
  const family = font.file ? `${JSON.stringify(font.file.family)},${stack}` : stack;
  const space = density === "compact" ? 0.75 : 1;
  const rules = [
    ...colors,
    `--radius:${Number(radius)}px`,
    `--space:${space}rem`,
    `font-family:${family}`,
  ];
  return `:root{${rules.join(";")}}`;
}
