import { expect, test } from "vitest";

import { oldViews } from "./oldViews.ts";

test("only what can be read, and what the server takes, is moved", () => {
  const good = { name: "Failed", query: "?state=failed" };
  const kept = [good, { name: " ", query: "" }, { name: "x".repeat(61), query: "" }, null, 7];
  expect(oldViews(JSON.stringify(kept))).toEqual([good]);
  expect(oldViews(JSON.stringify([{ name: "long", query: "x".repeat(4_001) }]))).toEqual([]);
  for (const text of [null, "", "{", "7", "{}"]) expect(oldViews(text)).toEqual([]);
});
