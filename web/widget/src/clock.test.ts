import { describe, expect, it } from "vitest";
import { createClock } from "./clock.ts";

/** A machine with both of its clocks, and how often it was told that one was set. */
function machine(at: number) {
  const clocks = { local: at, steady: 0, told: 0, isAsked: true };
  const clock = createClock(
    () => clocks.local,
    () => clocks.steady,
    () => {
      clocks.told += 1;
      return clocks.isAsked;
    },
  );
  const pass = (ms: number) => {
    clocks.local += ms;
    clocks.steady += ms;
  };
  const set = (ms: number) => {
    clocks.local += ms;
  };
  /** An answer of the server, whose clock is so much ahead. */
  const answer = (ahead: number, tookMs: number) => {
    const server = new Date(clocks.local + ahead - tookMs / 2).toISOString();
    clock.learn(server, clocks.local - tookMs, clocks.local);
  };
  return { clock, clocks, pass, set, answer };
}

describe("the clock", () => {
  it("is the server's, half a round trip corrected", () => {
    const { clock } = machine(10_000);
    clock.learn("2026-03-01T09:30:00.000Z", 9_900, 10_000);
    expect(clock.iso()).toBe("2026-03-01T09:30:00.050Z");
  });

  it("believes the quickest answer", () => {
    const { clock } = machine(1000);
    clock.learn("1970-01-01T00:01:00.000Z", 980, 1000);
    clock.learn("1970-01-01T00:09:00.000Z", 0, 1000);
    expect(clock.now()).toBe(60_010);
  });

  it("keeps the browser's time when it learns nonsense", () => {
    const { clock } = machine(1000);
    clock.learn("yesterday", 0, 0);
    expect(clock.now()).toBe(1000);
  });

  it.each([3_600_000, -3_600_000])("goes on as it was when the browser's is set by %i ms", (ms) => {
    const { clock, clocks, pass, set, answer } = machine(1_790_000_000_000);
    answer(5000, 20);
    const before = clock.now();
    pass(60_000);
    set(ms);
    expect(clock.now()).toBe(before + 60_000);
    expect([clock.now() - before, clocks.told]).toEqual([60_000, 1]);
  });

  it("is the browser's after a sleep where the server is not asked", () => {
    const { clock, clocks, set } = machine(1_790_000_000_000);
    clocks.isAsked = false;
    set(3_600_000);
    expect(clock.now()).toBe(1_790_003_600_000);
    set(-3_600_000);
    expect(clock.now()).toBe(1_790_003_600_000);
  });

  it("believes the first answer after that, however long it took", () => {
    const { clock, clocks, set, answer } = machine(1_790_000_000_000);
    answer(0, 20);
    // The machine has slept, and one of its clocks with it.
    set(3_600_000);
    answer(0, 900);
    expect(clock.now()).toBe(clocks.local);
  });

  it("learns nothing from an answer that came before it was asked for", () => {
    const { clock, answer } = machine(1_790_000_000_000);
    const server = new Date(1_790_000_009_000).toISOString();
    clock.learn(server, 1_790_000_000_000, 1_789_990_000_000);
    answer(5000, 20);
    expect(clock.now()).toBe(1_790_000_005_000);
  });

  it("takes small corrections of the browser's as they are", () => {
    const { clock, clocks, pass, set } = machine(1_790_000_000_000);
    pass(60_000);
    set(200);
    expect([clock.now(), clocks.told]).toEqual([1_790_000_060_200, 0]);
  });
});
