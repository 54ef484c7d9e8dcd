import { expect, test } from "vitest";

import { bodyOf, KINDS, newRule, pathOf, usualRecovery, valuesOf } from "./values.ts";

test("what a kind does not have is not sent", () => {
  const values = {
    ...newRule("call_errors", "Errors"),
    errorCodes: ["media_failed" as const],
    threshold: 30,
    trunkId: "trunk_1",
    integrationId: "int_1",
  };
  expect(bodyOf(values)).toMatchObject({
    errorCodes: ["media_failed"],
    threshold: 30,
    trunkId: null,
    integrationId: null,
  });
  expect(bodyOf({ ...values, kind: "trunk_down" })).toMatchObject({
    errorCodes: [],
    threshold: null,
    trunkId: "trunk_1",
    integrationId: null,
  });
  expect(bodyOf({ ...values, kind: "backlog" })).toMatchObject({
    threshold: 30,
    integrationId: "int_1",
    trunkId: null,
  });
});

test("quiet hours come back as they went", () => {
  const values = { ...newRule("backlog", "Queue"), quietFrom: "22:00", quietTo: "07:00" };
  const body = bodyOf(values);
  expect(body.quietHours).toEqual({ from: "22:00", to: "07:00" });
  const view = { ...body, id: "rule_1" } as unknown as Parameters<typeof valuesOf>[0];
  expect(valuesOf(view)).toEqual(values);
  expect(bodyOf(newRule("backlog", "Queue")).quietHours).toBeNull();
});

test("every kind survives the way to the server and back", () => {
  for (const kind of KINDS) {
    const values = newRule(kind, kind);
    expect(valuesOf(bodyOf(values) as unknown as Parameters<typeof valuesOf>[0])).toEqual(values);
  }
});

test("a fault is shown at its field", () => {
  expect(pathOf("/threshold")).toBe("threshold");
  expect(pathOf("/emails/0")).toBe("emails");
  expect(pathOf("/quietHours/to")).toBe("quietTo");
  expect(pathOf("/quietHours")).toBe("quietFrom");
});

test("what is well again is never on the bad side of the line", () => {
  const of = (kind: Parameters<typeof newRule>[0], threshold: number | null) =>
    usualRecovery({ ...newRule(kind, "Rule"), threshold });
  expect([of("call_errors", null), of("call_errors", 5)]).toEqual([10, 5]);
  expect([of("answer_rate", null), of("answer_rate", 80)]).toEqual([60, 80]);
  expect([of("backlog", 1), of("no_calls", null)]).toEqual([1, null]);
});
