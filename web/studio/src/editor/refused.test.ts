import { expect, test } from "vitest";

import { plainPath } from "./paths.ts";
import { isStillRefused, refusedAt } from "./refused.ts";

const profile = {
  name: "Sales",
  headers: [
    ["X-Topic", "{form.mail}"],
    ["X-Or.der", "1"],
  ],
  routingKeys: [
    { key: "a/b", leads: "user", to: "x y" },
    { key: "1", leads: "user", to: "101" },
  ],
  hours: { timeZone: "Mars", exceptions: [{ date: "2026-01-01", label: "", windows: [] }] },
  to: "",
};

type Profile = typeof profile;

/** Whether what is said of a path still stands after a change. */
const stays = (path: string, change: Partial<Profile>): boolean =>
  isStillRefused(refusedAt(profile, path), { ...profile, ...change });

test("what is said of a header goes with its text or its name, and stays when others change", () => {
  const [topic = [], order = []] = profile.headers;
  expect(stays("headers.X-Topic", {})).toBe(true);
  expect(stays("headers.X-Topic", { headers: [["X-Topic", "{form.topic}"], order] })).toBe(false);
  expect(stays("headers.X-Topic", { headers: [["X-Subject", "{form.mail}"], order] })).toBe(false);
  expect(stays("headers.X-Topic", { headers: [order] })).toBe(false);
  expect(stays("headers.X-Topic", { headers: [topic, ["X-Or.der", "2"]] })).toBe(true);
  expect(stays("headers.X-Topic", { name: "Support" })).toBe(true);
  expect(stays("headers.X-Or.der", { headers: [topic, ["X-Or.der", "2"]] })).toBe(false);
});

test("a row with a key is found by it, also by one that looks like a number", () => {
  const [first, second] = profile.routingKeys as [
    Profile["routingKeys"][0],
    Profile["routingKeys"][0],
  ];
  const path = plainPath("/routingKeys/a~1b");
  expect(stays(path, { routingKeys: [{ ...first, to: "102" }, second] })).toBe(false);
  expect(stays(path, { routingKeys: [first, { ...second, to: "102" }] })).toBe(true);
  expect(stays("routingKeys.1", { routingKeys: [first, { ...second, to: "102" }] })).toBe(false);
  expect(stays("routingKeys.1", { routingKeys: [{ ...first, to: "102" }, second] })).toBe(true);
});

test("a plain field, one within another, and a list by its numbers are found", () => {
  expect(stays("to", { to: "100" })).toBe(false);
  expect(stays("to", { name: "Support" })).toBe(true);
  const { hours } = profile;
  const [first] = hours.exceptions as [Profile["hours"]["exceptions"][0]];
  const labelled = { ...hours, exceptions: [{ ...first, label: "New Year" }] };
  expect(stays("hours.exceptions.0", { hours: labelled })).toBe(false);
  expect(stays("hours.timeZone", { hours: labelled })).toBe(true);
  expect(stays("hours.exceptions.0", { hours: { ...hours, exceptions: [] } })).toBe(false);
});

test("where a form holds less than the path says, a change of what is above counts", () => {
  expect(stays("hours.week.monday", { hours: { ...profile.hours, timeZone: "UTC" } })).toBe(false);
  expect(stays("hours.week.monday", { to: "100" })).toBe(true);
  expect(stays("nothing.here", { to: "100" })).toBe(false);
  expect(stays("nothing.here", {})).toBe(true);
});

test("a pointer becomes a path by its own words", () => {
  expect(plainPath("/headers/X-Topic")).toBe("headers.X-Topic");
  expect(plainPath("/routingKeys/a~1b~01")).toBe("routingKeys.a/b~1");
  expect(plainPath("/name")).toBe("name");
});
