import { describe, expect, it } from "vitest";
import { DESIGNS } from "../testing/designs.ts";
import { exampleOf, readDesignerCommand } from "./designer.ts";

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

  it("has an example of what a state is to show, and leaves out what is not known", () => {
    expect(exampleOf("calling", { phase: "ringing" })).toMatchObject({
      phase: "ringing",
      connectedAt: null,
    });
    const call = exampleOf("calling", { phase: "connected", held: true, warning: "network_weak" });
    expect(call).toMatchObject({ held: true, warnings: ["network_weak"] });
    expect(exampleOf("calling", { warning: "nothing_such" })).toMatchObject({ warnings: [] });
    expect(exampleOf("error", { code: "destination_busy" })).toMatchObject({
      code: "destination_busy",
    });
    expect(exampleOf("idle", { code: "destination_busy" })).toEqual(exampleOf("idle"));
  });

  it("says which document it is, and whether taps choose", () => {
    const design = DESIGNS.brand;
    const command = { command: "design", design, revision: 7 };
    expect(readDesignerCommand(message(command))).toEqual(command);
    for (const [picking, expected] of [
      [true, true],
      ["yes", false],
    ]) {
      const read = readDesignerCommand(message({ command: "pick", picking }));
      expect(read).toEqual({ command: "pick", picking: expected });
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
