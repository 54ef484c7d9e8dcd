import type { design } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import { holds, type View } from "./condition.ts";

const VIEW: View = { open: true, language: "pt-BR", context: { plan: "gold", empty: "" } };

describe("a condition", () => {
  const cases: readonly (readonly [design.Condition, boolean])[] = [
    [{}, true],
    [{ open: true }, true],
    [{ open: false }, false],
    [{ open: null }, true],
    [{ languages: ["pt"] }, true],
    [{ languages: ["PT-br"] }, true],
    [{ languages: ["pt-PT", "en"] }, false],
    [{ languages: ["p"] }, false],
    [{ languages: [] }, true],
    [{ context: { plan: "gold" } }, true],
    [{ context: { plan: "silver" } }, false],
    [{ context: { toString: "x" } }, false],
    [{ contextHas: ["plan", "empty"] }, true],
    [{ contextHas: ["toString"] }, false],
    [{ open: true, languages: ["pt"], context: { plan: "gold" }, contextHas: ["order"] }, false],
    // What a later version may ask for can't be said to hold.
    [{ weather: "sunny" } as design.Condition, false],
  ];
  it.each(cases)("%j: %s", (condition, expected) => {
    expect(holds(condition, VIEW)).toBe(expected);
  });
});
