import { expect, test } from "vitest";

import { usersOf, usesIn } from "./uses.ts";

test("a field is used by each profile that names it anywhere", () => {
  const uses = usesIn([
    { name: "Sales", callerName: "{form.name}", headers: { "X-A": "{form.topic} {form.name}" } },
    { name: "Support", to: "{context.x}{{{form.name}}} {{form.brace}}" },
  ] as unknown as { name: string }[]);
  expect(uses.get("name")).toEqual(["Sales", "Support"]);
  expect(uses.get("topic")).toEqual(["Sales"]);
  expect(uses.get("x")).toBeUndefined();
  expect(uses.get("brace")).toBeUndefined();
  expect(usersOf([{ name: "topic" }, { name: "name" }, { name: "more" }], uses)).toEqual([
    "Sales",
    "Support",
  ]);
});
