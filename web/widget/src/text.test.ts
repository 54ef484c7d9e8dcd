import { describe, expect, it } from "vitest";
import { atMost, wellFormed, wellFormedJson } from "./text.ts";

describe("a text", () => {
  it.each([
    ["plain", "plain"],
    ["\ud83d\ude00 whole", "\ud83d\ude00 whole"],
    ["high \ud83d", "high \ufffd"],
    ["\ude00 low", "\ufffd low"],
    ["\ude00\ud83d", "\ufffd\ufffd"],
    ["\ud83d\ud83d\ude00", "\ufffd\ud83d\ude00"],
  ])("%j is sent as %j", (given, sent) => {
    expect(wellFormed(given)).toBe(sent);
    expect(new TextDecoder().decode(new TextEncoder().encode(sent))).toBe(sent);
  });

  it("is mended wherever it stands in data", () => {
    const given = { "a\ud800": ["\ude00", { deep: "x\ud800" }], n: 1, no: null };
    const sent = { "a\ufffd": ["\ufffd", { deep: "x\ufffd" }], n: 1, no: null };
    expect(wellFormedJson(given)).toEqual(sent);
  });

  it("is counted in characters, not in halves of them", () => {
    expect(atMost("\u{1f600}".repeat(3), 3)).toBe("\u{1f600}".repeat(3));
    expect(atMost("\u{1f600}".repeat(3), 2)).toBe("\u{1f600}".repeat(2));
    expect(atMost("abc", 2)).toBe("ab");
  });
});
