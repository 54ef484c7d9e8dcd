import { expect, test } from "vitest";

import { instantOf, wallClockOf } from "./zones.ts";

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
