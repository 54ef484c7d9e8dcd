import { expect, test } from "vitest";

import { unknownIn } from "./places.ts";

const fields = new Set(["name", "topic"]);

test("a field that the form has not is named once, and so is a place of no kind", () => {
  expect(unknownIn("{form.name} {form.mail} {form.mail} {name} {context.orderId}", fields)).toEqual(
    [
      { kind: "field", name: "mail" },
      { kind: "place", name: "name" },
    ],
  );
  expect(unknownIn("{form.} {context.} {}", fields).map(({ name }) => name)).toEqual([
    "form.",
    "context.",
    "",
  ]);
});

test("two braces are one, and what is not closed yet is no place", () => {
  for (const template of [
    "{{form.mail}}",
    "{{{form.name}}}",
    "{routingKey} {form.ma",
    "",
    "}}{{",
  ]) {
    expect(unknownIn(template, fields)).toEqual([]);
  }
});

test("as long as the form is not known, no field of it is missed", () => {
  expect(unknownIn("{form.mail}", null)).toEqual([]);
  expect(unknownIn("{mail}", null)).toHaveLength(1);
});
