import { readFileSync } from "node:fs";
import type { design } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import { DESIGNS } from "../testing/designs.ts";
import { contrast, mix } from "./color.ts";
import { cssOf, tokensOf } from "./theme.ts";

const { theme } = DESIGNS.plain;

describe("a theme", () => {
  it("that is the default one has the colours that the style sheet has by itself", () => {
    const css = readFileSync(new URL("../styles/tokens.css", import.meta.url), "utf8");
    const [light, dark] = [tokensOf(theme.light), tokensOf(theme.dark)];
    for (const name of Object.keys(light)) {
      expect(css).toContain(`--${name}: light-dark(${light[name]}, ${dark[name]});`);
    }
  });

  /** What is written and drawn on what, with the contrast that WCAG 2.2 AA asks for. */
  const PAIRS = [
    ["on-accent", "accent-strong", 4.5],
    ["on-danger", "danger-strong", 4.5],
    ["accent", "accent-soft", 3],
    ["text", "accent-soft", 4.5],
    ["text", "danger-soft", 4.5],
    ["text", "canvas-glow", 4.5],
    ["text-soft", "canvas-glow", 4.5],
    ["text", "surface-raised", 4.5],
  ] as const;
  const palettes: readonly (readonly [string, design.Palette])[] = [
    ["the default one on light", theme.light],
    ["the default one on dark", theme.dark],
    ["a brand's on light", DESIGNS.brand.theme.light],
    ["a brand's on dark", DESIGNS.brand.theme.dark],
    [
      "one that is just within the rules",
      {
        ...theme.light,
        canvas: "#ffffff",
        text: "#767676",
        textSoft: "#767676",
        accent: "#767676",
      },
    ],
  ];

  it.each(palettes)("of %s is readable wherever it is mixed", (_, palette) => {
    const tokens = tokensOf(palette);
    for (const [above, below, least] of PAIRS) {
      const found = contrast(tokens[above] ?? "", tokens[below] ?? "");
      expect(found, `${above} on ${below}`).toBeGreaterThanOrEqual(least);
    }
  });

  it("puts an own font before those of the device, and names it safely", () => {
    const font = { stack: "serif", file: { family: "Own Sans", url: "https://f.example/f.woff2" } };
    const css = cssOf({ ...theme, font, radius: 4, density: "compact" } as design.Theme);
    expect(css).toContain('font-family:"Own Sans",ui-serif');
    expect(css).toContain("--radius:4px");
    expect(css).toContain("--space:0.75rem");
  });
});

it("mixes and measures colours as WCAG does", () => {
  expect(mix("#000000", "#ffffff", 0.5)).toBe("#808080");
  expect(contrast("#ffffff", "#000000")).toBeCloseTo(21);
  expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 2);
});
