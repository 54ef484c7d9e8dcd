import { describe, expect, it } from "vitest";
import { isOpen, nextChange, spokenMoment } from "./hours.ts";

const [CLOSING, OPENING] = ["2026-11-24T17:00:00.000Z", "2026-11-25T08:00:00.000Z"];
const HOURS = { open: true, changes: [CLOSING, OPENING] };
const at = (time: string) => Date.parse(time);

describe("business hours", () => {
  it("change when the server has said so, without asking again", () => {
    expect(isOpen(HOURS, at("2026-11-24T16:59:59.999Z"))).toBe(true);
    expect(isOpen(HOURS, at(CLOSING))).toBe(false);
    expect(isOpen(HOURS, at("2026-11-25T07:59:59.999Z"))).toBe(false);
    expect(isOpen(HOURS, at(OPENING))).toBe(true);
    expect(nextChange(HOURS, at("2026-11-24T12:00:00Z"))).toBe(at(CLOSING));
    expect(nextChange(HOURS, at(CLOSING))).toBe(at(OPENING));
    expect(nextChange(HOURS, at(OPENING))).toBeNull();
  });

  it("stay as they are while nothing is said of a change", () => {
    expect(isOpen({ open: false, changes: [] }, 0)).toBe(false);
    expect(nextChange({ open: false, changes: [] }, 0)).toBeNull();
  });
});

describe("a time to come", () => {
  // In the visitor's own zone, whatever it is.
  const local = (day: number, hour: number) => new Date(2026, 10, day, hour).getTime();
  const now = local(24, 12);

  it.each([
    [local(24, 14), "en", "2:00 PM"],
    [local(24, 14), "de", "14:00"],
    [local(25, 9), "en", "Wednesday 9:00 AM"],
    [local(25, 9), "de", "Mittwoch, 09:00"],
  ])("is said as people say it", (moment, language, words) => {
    const said = spokenMoment(moment, now, language).replaceAll(/\s/g, " ");
    expect(said.replace(" um ", ", ").replace(" at ", " ")).toBe(words);
  });

  it("names the date when it is further away than a week", () => {
    expect(spokenMoment(local(24 + 14, 9), now, "en")).toContain("December 8");
  });
});
