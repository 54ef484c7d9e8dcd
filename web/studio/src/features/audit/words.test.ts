import { expect, test } from "vitest";

import openapi from "../../../../../docs/openapi.json?raw";
import { t } from "../../texts/index.ts";

test("every act of the audit has words, in the list and to choose from", () => {
  const description = JSON.parse(openapi);
  const parameters: { name: string; schema: { pattern: string } }[] =
    description.paths["/v1/audit"].get.parameters;
  const pattern = parameters.find(({ name }) => name === "action")?.schema.pattern ?? "";
  const known = /^\^\(([\w|]+)\)/.exec(pattern)?.[1]?.split("|") ?? [];
  expect(known).toContain("app_made");
  expect(Object.keys(t.people.audit.actions).toSorted()).toEqual(known.toSorted());
});
