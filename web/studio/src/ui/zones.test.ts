import { afterEach, expect, test, vi } from "vitest";

import { instantOf, todayIn, wallClockOf } from "./zones.ts";

test.each([
  ["2026-12-24T10:00", "Europe/Berlin", "2026-12-24T09:00:00.000Z"],
  ["2026-07-24T10:00", "Europe/Berlin", "2026-07-24T08:00:00.000Z"],
  ["2026-03-29T03:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
  ["2026-10-25T12:00", "America/New_York", "2026-10-25T16:00:00.000Z"],
  ["2026-01-01T00:15", "Asia/Kathmandu", "2025-12-31T18:30:00.000Z"],
])("%s in %s", (wallClock, zone, instant) => {
  expect(instantOf(wallClock, zone)).toBe(instant);
  expect(wallClockOf(instant, zone)).toBe(wallClock);
});

test.each([
  ["2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z", "2026-03-29T03:30"],
  ["2026-03-08T02:30", "America/New_York", "2026-03-08T07:30:00.000Z", "2026-03-08T03:30"],
  ["2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00.000Z", "2026-10-04T02:45"],
])("%s is skipped in %s: just after", (wallClock, zone, instant, shown) => {
  expect(instantOf(wallClock, zone)).toBe(instant);
  expect(wallClockOf(instant, zone)).toBe(shown);
});

test.each([
  ["2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"],
  ["2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00.000Z"],
])("%s comes twice in %s: the first", (wallClock, zone, instant) => {
  expect(instantOf(wallClock, zone)).toBe(instant);
});

test("a year that is still typed is an early one, and one that no clock shows is none", () => {
  for (const year of ["0002", "0020", "0202"]) {
    const instant = instantOf(`${year}-01-05T10:00`, "UTC");
    expect(instant).toBe(`${year}-01-05T10:00:00.000Z`);
    expect(wallClockOf(instant ?? "", "UTC")).toBe(`${year}-01-05T10:00`);
  }
  expect(instantOf("20266-01-05T10:00", "Europe/Berlin")).toBeNull();
  expect(instantOf("", "Europe/Berlin")).toBeNull();
});

afterEach(() => vi.useRealTimers());

test("today is another day elsewhere", () => {
  vi.useFakeTimers({ now: Date.parse("2026-12-24T23:30:00Z") });
  expect(todayIn("Pacific/Auckland")).toBe("2026-12-25");
  expect(todayIn("America/Los_Angeles")).toBe("2026-12-24");
});
