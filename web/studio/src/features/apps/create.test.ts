// @vitest-environment happy-dom
import { expect, test } from "vitest";

import { originOf } from "./create.ts";

test.each([
  ["https://shop.example/cart?x=1", "https://shop.example"],
  ["shop.example", "https://shop.example"],
  [" http://localhost:8080/ ", "http://localhost:8080"],
  ["not a site", "not a site"],
])("a site typed as %s is the origin %s", (typed, origin) => {
  expect(originOf(typed)).toBe(origin);
});
