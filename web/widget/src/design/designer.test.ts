import { describe, expect, it } from "vitest";
import { DESIGNS } from "../testing/designs.ts";
import { readDesignerCommand } from "./designer.ts";

const message = (more: object) => ({ source: "bellpush", version: 1, ...more });

describe("a designer's command", () => {
  it("is a document, or a state to look at", () => {
    const design = DESIGNS.brand;
    expect(readDesignerCommand(message({ command: "design", design }))).toEqual({
      command: "design",
      design,
    });
    for (const state of ["ended", null]) {
      const shown = message({ command: "show", state });
      expect(readDesignerCommand(shown)).toEqual({ command: "show", state });
    }
  });

  it.each([
    null,
    "design",
    { command: "design", design: DESIGNS.brand },
    message({ command: "show", state: "nowhere" }),
    message({ command: "show" }),
    message({ command: "design" }),
    message({ command: "design", design: {} }),
    message({ command: "design", design: { ...DESIGNS.brand, states: { idle: [] } } }),
    message({
      command: "design",
      design: { ...DESIGNS.brand, states: { ...DESIGNS.brand.states, idle: ["heading"] } },
    }),
    message({ command: "call" }),
  ])("is none of anything else", (data) => {
    expect(readDesignerCommand(data)).toBeNull();
  });
});
