import { describe, expect, test } from "vitest";

import { changed, isSame, merge } from "./merge.ts";

describe("merge", () => {
  const base = { name: "Shop", language: "en", hours: { a: 1, b: 2 } };

  test("changes of different fields are joined", () => {
    const result = merge(base, { ...base, name: "Store" }, { ...base, language: "de" });
    expect(result.merged).toEqual({ name: "Store", language: "de", hours: { a: 1, b: 2 } });
    expect(result.clashes).toEqual([]);
  });

  test("a field that both changed is named, and mine is kept until somebody decides", () => {
    const result = merge(base, { ...base, name: "Mine" }, { ...base, name: "Theirs" });
    expect(result.merged.name).toBe("Mine");
    expect(result.clashes).toEqual(["name"]);
  });

  test("the same change by both is no clash, whatever the order of fields", () => {
    const result = merge(
      base,
      { ...base, hours: { b: 3, a: 1 } },
      { ...base, hours: { a: 1, b: 3 } },
    );
    expect(result.clashes).toEqual([]);
  });
});

test("only the fields that differ are sent", () => {
  expect(changed({ a: 1, b: { c: [1] } }, { a: 1, b: { c: [1, 2] } })).toEqual({
    b: { c: [1, 2] },
  });
  expect(isSame({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
});
