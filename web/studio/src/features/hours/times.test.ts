// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";

import {
  hoursPath,
  moved,
  onItsDay,
  overMidnight,
  readWindows,
  resized,
  writeWindows,
} from "./times.ts";

describe("hours are typed freely", () => {
  test.each([
    ["9-17", "09:00–17:00"],
    ["9:07 - 12", "09:07–12:00"],
    ["21-2", "21:00–02:00"],
    ["0-24", "00:00–24:00"],
    ["18-0", "18:00–24:00"],
    ["9.30–12, 13 to 18:30", "09:30–12:00, 13:00–18:30"],
    ["13-18; 9-12", "09:00–12:00, 13:00–18:00"],
    ["9am-5:30pm", "09:00–17:30"],
    ["0930-1715", "09:30–17:15"],
    ["closed", ""],
    ["", ""],
  ])("%s", (typed, written) => {
    const read = readWindows(typed);
    expect(read.ok && writeWindows(read.windows)).toBe(written);
  });

  test.each(["9", "9-25", "9:70-12", "noon-3", "9-9", "24-2", "13pm-2"])(
    "%s is refused with a sentence",
    (typed) => {
      const read = readWindows(typed);
      expect(read.ok).toBe(false);
      expect(!read.ok && read.fault.length).toBeGreaterThan(10);
    },
  );
});

test("what is written is read back as it was", () => {
  const windows = [
    { from: "09:00", to: "12:30" },
    { from: "22:00", to: "02:00" },
  ];
  const read = readWindows(writeWindows(windows));
  expect(read.ok && read.windows).toEqual(windows);
});

test("a night is drawn up to midnight on its day, and from midnight on the next", () => {
  const night = { from: "22:00", to: "02:00" };
  expect(onItsDay(night)).toEqual([1_320, 1_440]);
  expect(overMidnight({ timeZone: "UTC", week: { sunday: [night] } }, "monday")).toEqual([120]);
  expect(overMidnight({ timeZone: "UTC", week: { sunday: [night] } }, "tuesday")).toEqual([]);
});

test("a window is moved and resized within its day", () => {
  const window = { from: "09:00", to: "17:00" };
  expect(moved(window, 15)).toEqual({ from: "09:15", to: "17:15" });
  expect(moved(window, 2_000)).toEqual({ from: "16:00", to: "24:00" });
  expect(moved(window, -2_000)).toEqual({ from: "00:00", to: "08:00" });
  expect(resized(window, 600, 15)).toEqual({ from: "09:00", to: "24:00" });
  expect(resized(window, -600, 15)).toEqual({ from: "09:00", to: "09:15" });
});

test("a window over midnight is never one of no length", () => {
  const night = { from: "22:00", to: "02:00" };
  expect(moved(night, -2_000)).toEqual({ from: "02:01", to: "02:00" });
  expect(resized(night, 2_000, 15)).toEqual({ from: "22:00", to: "21:45" });
});

test("a fault of hours leads to the field that it is of", () => {
  expect(hoursPath("/hours/week/monday/0/from")).toBe("hours.week.monday");
  expect(hoursPath("/hours/exceptions/2/windows/0/to")).toBe("hours.exceptions.2.windows");
  expect(hoursPath("/hours/exceptions/2/until")).toBe("hours.exceptions.2.until");
  expect(hoursPath("/hours/exceptions/2/label")).toBe("hours.exceptions.2");
  expect(hoursPath("/hours/timeZone")).toBe("hours.timeZone");
});
