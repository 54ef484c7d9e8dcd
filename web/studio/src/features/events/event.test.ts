import { expect, test } from "vitest";

import { factsOf, traceOf } from "./event.ts";

test("an event's own fields are told, without what is the same on all of a call", () => {
  const data = { context: { orderId: "A-1" }, isPreview: true, duration: 3, reason: null, to: "x" };
  expect(factsOf({ name: "call_ended", data })).toBe("duration: 3 · to: x");
  expect(factsOf({ name: "odd", data: "text" })).toBe("");
});

test("an event's trace has its id", () => {
  expect(traceOf("01920000-0000-7000-8000-000000000001")).toBe("01920000000070008000000000000001");
});
