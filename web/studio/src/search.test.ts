import { expect, test } from "vitest";

import { severalOf, time, whole } from "./search.ts";

test("what an address says in another form than it should is nothing", () => {
  expect(["3", 0, 3].map(whole)).toEqual([3, 0, 3]);
  expect(["", "-1", -1, 1.5, "x", null, undefined, [3]].map(whole)).toEqual(
    Array(8).fill(undefined),
  );
  expect(severalOf(["a", "b"], ["b", "x"])).toEqual(["b"]);
  expect(time("2026-02-30T")).toBeUndefined();
});
