import { describe, expect, it } from "vitest";
import { createClock } from "./clock.ts";

describe("the clock", () => {
  it("is the server's, half a round trip corrected", () => {
    const clock = createClock(() => 10_000);
    clock.learn("2026-03-01T09:30:00.000Z", 9_900, 10_000);
    expect(clock.iso()).toBe("2026-03-01T09:30:00.050Z");
  });

  it("believes the quickest answer", () => {
    const clock = createClock(() => 1000);
    clock.learn("1970-01-01T00:01:00.000Z", 980, 1000);
    clock.learn("1970-01-01T00:09:00.000Z", 0, 1000);
    expect(clock.now()).toBe(60_010);
  });

  it("keeps the browser's time when it learns nonsense", () => {
    const clock = createClock(() => 1000);
    clock.learn("yesterday", 0, 0);
    expect(clock.now()).toBe(1000);
  });
});
