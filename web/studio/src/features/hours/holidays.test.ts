import { describe, expect, test } from "vitest";

import { countryName, likelyCountry, offered, withHolidays } from "./holidays.ts";

const HOLIDAYS = [
  { date: "2027-10-03", name: "German Unity Day", general: true, regions: null },
  { date: "2027-01-06", name: "Epiphany", general: false, regions: ["BW", "BY"] },
  { date: "2027-01-01", name: "New Year's Day", general: true, regions: null },
  { date: "2027-05-06", name: "Ascension Day", general: true, regions: null },
  { date: "2027-05-06", name: "Another Day", general: true, regions: ["BY"] },
];

const XMAS = { date: "2026-12-24", until: "2027-01-02", label: "Closed", windows: [] };

describe("holidays of a place", () => {
  test("are those of the country, and of the region that was chosen", () => {
    const dates = (region: string) => offered(HOLIDAYS, region, []).map(({ date }) => date);
    expect(dates("")).toEqual(["2027-01-01", "2027-05-06", "2027-10-03"]);
    expect(dates("BY")).toEqual(["2027-01-01", "2027-01-06", "2027-05-06", "2027-10-03"]);
    expect(dates("BE")).toEqual(["2027-01-01", "2027-05-06", "2027-10-03"]);
  });

  test("that fall on one date are one", () => {
    const [, , ascension] = offered(HOLIDAYS, "BY", []);
    expect(ascension?.name).toBe("Ascension Day, Another Day");
  });

  test("that are exceptions already are known as such, also within several dates", () => {
    const [first, second] = offered(HOLIDAYS, "", [XMAS]);
    expect(first?.taken).toBe(XMAS);
    expect(second?.taken).toBeUndefined();
  });

  test("become closed days among the others, and none twice", () => {
    const chosen = offered(HOLIDAYS, "", [XMAS]);
    const once = withHolidays([XMAS], chosen);
    expect(once.map(({ date }) => date)).toEqual(["2026-12-24", "2027-05-06", "2027-10-03"]);
    expect(once[1]).toEqual({
      date: "2027-05-06",
      label: "Ascension Day, Another Day",
      windows: [],
    });
    expect(withHolidays(once, offered(HOLIDAYS, "", once))).toEqual(once);
  });

  test("have labels that the server takes", () => {
    const long = [
      { date: "2027-02-02", name: "\u{1f384}".repeat(150), general: true, regions: null },
    ];
    const [added] = withHolidays([], offered(long, "", []));
    expect([...(added?.label ?? "")]).toHaveLength(100);
  });
});

test("the country is guessed by the browser's languages", () => {
  expect(likelyCountry(["de-AT", "en"], ["AT", "US"])).toBe("AT");
  expect(likelyCountry(["xx-invalid-!", "en"], ["US"])).toBe("US");
  expect(likelyCountry([], ["US"])).toBeNull();
  expect(countryName("AT")).toBe("Austria");
});
