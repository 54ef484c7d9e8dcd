import { describe, expect, it } from "vitest";
import { listen } from "./host.ts";

function setUp() {
  const emitted: string[] = [];
  const warnings: string[] = [];
  let closed = false;
  let now = 0;
  const hear = listen(
    {
      close: () => {
        closed = true;
      },
    },
    {
      now: () => now,
      onEmit: ({ name }) => void emitted.push(name),
      warn: (sentence) => void warnings.push(sentence),
    },
  );
  const pass = (ms: number) => {
    now += ms;
  };
  return { hear, emitted, warnings, pass, isClosed: () => closed };
}

const tapped = { data: JSON.stringify({ name: "tapped", data: {} }) };

describe("the widget", () => {
  it("takes custom events up to the rate", () => {
    const { hear, emitted, pass, warnings } = setUp();
    for (let index = 0; index < 25; index += 1) {
      hear(tapped);
    }
    expect(emitted).toHaveLength(20);
    expect(warnings[0]).toContain("10 events a second");
    pass(500);
    hear(tapped);
    expect(emitted).toHaveLength(21);
  });

  it("cuts off code that floods it, without a flood of warnings", () => {
    const { hear, isClosed, warnings } = setUp();
    for (let index = 0; index < 100_000; index += 1) {
      hear({ data: { not: "ours" } });
    }
    expect(isClosed()).toBe(true);
    expect(warnings.length).toBeLessThan(30);
  });
});
