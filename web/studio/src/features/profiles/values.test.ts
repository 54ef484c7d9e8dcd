// @vitest-environment happy-dom
import { expect, test } from "vitest";

import { bodyOf, NEW_PROFILE, patchOf, valuesOf } from "./values.ts";

const values = {
  ...NEW_PROFILE,
  name: "Sales",
  to: "100",
  trunkId: "trunk_1",
  headers: [["X-Team", "sales"]] as const,
  routingKeys: [{ key: "vip", leads: "user", to: "101" }] as const,
};

test("what the form holds is what the server gave", () => {
  const body = bodyOf(values);
  expect(valuesOf({ ...body, id: "dest_1", isDefault: body.isDefault ?? false })).toEqual(values);
});

test("headers and keys that are gone are taken out, and a key leads one way only", () => {
  const after = {
    ...values,
    headers: [["X-Other", "1"]] as const,
    routingKeys: [{ key: "vip", leads: "profile", to: "dest_2" }] as const,
  };
  const patch = patchOf(values, after);
  expect(patch.headers).toEqual({ "X-Team": null, "X-Other": "1" });
  expect(patch.routingKeys).toEqual({ vip: { user: null, profile: "dest_2" } });
});

test("a demo profile names no trunk", () => {
  expect(bodyOf({ ...values, kind: "demo" })).toMatchObject({ to: null, trunkId: null });
});
