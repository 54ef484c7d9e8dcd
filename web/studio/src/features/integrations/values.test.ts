// @vitest-environment happy-dom
import { expect, test } from "vitest";

import {
  bodyOf,
  leadsElsewhere,
  namedSecrets,
  newIntegration,
  patchOf,
  valuesOf,
} from "./values.ts";

const values = {
  ...newIntegration(undefined),
  name: "CRM",
  url: "https://crm.example/hook?k={secret.hookKey}",
  headers: [["Authorization", "Bearer {secret.token}"]] as const,
};

test("what the form holds is what the server gave, and secrets are no part of it", () => {
  const view = { ...bodyOf(values), id: "int_1", createdAt: "", updatedAt: "" };
  expect(valuesOf(view)).toEqual({ ...values, secrets: [] });
  expect(JSON.stringify(bodyOf({ ...values, secrets: [["token", "hidden"]] }))).not.toContain(
    "hidden",
  );
});

test("secrets go along only when they were typed, and headers that are gone are taken out", () => {
  expect(patchOf(values, { ...values, headers: [] })).toMatchObject({
    headers: { Authorization: null },
  });
  expect("secrets" in patchOf(values, { ...values, secrets: [["token", ""]] })).toBe(false);
  expect(patchOf(values, { ...values, secrets: [["token", "x"]] })).toMatchObject({
    secrets: { token: "x" },
  });
});

test("the secrets that are named, and when they are needed anew", () => {
  expect(namedSecrets(values)).toEqual(["hookKey", "token"]);
  expect(leadsElsewhere(values.url, "https://crm.example/other")).toBe(false);
  expect(leadsElsewhere(values.url, "https://crm.example:8443/hook")).toBe(true);
  expect(leadsElsewhere(values.url, "https://evil.example/hook")).toBe(true);
});
