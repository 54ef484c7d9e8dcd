import { describe, expect, test } from "vitest";

import { asked, day, daysAfter, daysBetween, stepOf, stepsOf, today } from "./search.ts";

describe("what analytics asks for", () => {
  test("today is that of the app's zone", () => {
    const now = new Date("2026-03-01T03:00:00Z");
    expect(today("UTC", now)).toBe("2026-03-01");
    expect(today("America/New_York", now)).toBe("2026-02-28");
    expect(today("Asia/Tokyo", new Date("2026-02-28T15:30:00Z"))).toBe("2026-03-01");
  });

  test("days are counted by the calendar", () => {
    expect(daysAfter("2026-03-01", -1)).toBe("2026-02-28");
    expect(daysAfter("2026-10-24", 2)).toBe("2026-10-26");
    expect(daysBetween("2026-10-24", "2026-10-26")).toBe(3);
  });

  test("no address can ask for a day that is none", () => {
    expect(day("2026-03-01")).toBe("2026-03-01");
    for (const nonsense of ["2026-3-1", "yesterday", "2026-13-01", 20260301, null, undefined]) {
      expect(day(nonsense)).toBeUndefined();
    }
  });

  test("chosen days go before the usual ones, and a number of days before both", () => {
    const last = today("UTC");
    expect(asked({}, "UTC")).toEqual({ from: daysAfter(last, -29), to: last });
    expect(asked({ days: 7 }, "UTC")).toEqual({ from: daysAfter(last, -6), to: last });
    expect(asked({ from: "2026-01-01", to: "2026-01-31", browser: "Firefox" }, "UTC")).toEqual({
      from: "2026-01-01",
      to: "2026-01-31",
      browser: "Firefox",
    });
    expect(asked({ to: "2026-01-30" }, "UTC").from).toBe("2026-01-01");
  });

  test("a step fits its days", () => {
    expect(stepsOf(1)).toEqual(["hour", "day"]);
    expect(stepsOf(30)).toEqual(["day", "week"]);
    expect(stepsOf(365)).toEqual(["day", "week", "month"]);
    expect(stepOf(undefined, 1)).toBe("hour");
    expect(stepOf("hour", 90)).toBe("day");
    expect(stepOf("month", 90)).toBe("month");
    expect(stepOf(undefined, 365)).toBe("week");
  });
});
