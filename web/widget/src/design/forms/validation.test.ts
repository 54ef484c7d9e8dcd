import type { design } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import { fieldOf } from "./pointer.ts";
import { createSheet } from "./sheet.ts";
import { type Fault, faultOf } from "./validation.ts";

const field = (kind: design.FieldKind, more: Partial<design.Field> = {}): design.Field => ({
  name: "field",
  kind,
  label: { en: "Field" },
  required: false,
  ...more,
});

describe("a value", () => {
  const cases: readonly (readonly [design.Field, string, Fault | null])[] = [
    [field("text"), "", null],
    [field("text", { required: true }), "", "required"],
    [field("text", { required: true }), " \u2003", "required"],
    [field("text", { minLength: 3 }), "ab", "short"],
    [field("text", { minLength: 3 }), "", null],
    [field("text", { maxLength: 3 }), "😀😀😀", null],
    [field("text", { maxLength: 3 }), "😀😀😀😀", "long"],
    [field("textarea"), "x".repeat(2001), "long"],
    [field("text"), "one\ntwo", "invalid"],
    [field("textarea"), "one\ntwo", null],
    [field("text", { pattern: "[A-Z]{2}|x" }), "AB", null],
    [field("text", { pattern: "[A-Z]{2}|x" }), "ABC", "invalid"],
    // Only the server can say: its classes have more characters, and it knows other patterns.
    [field("text", { pattern: "\\d+" }), "٤٢", null],
    [field("text", { pattern: "\\d+" }), "four", "invalid"],
    [field("text", { pattern: "(?i)abc" }), "ABC", null],
    [field("email"), "ann@shop.example", null],
    [field("email"), "ann@shop@example", "email"],
    [field("email"), "ann shop@example", "email"],
    [field("email"), "@example", "email"],
    [field("phone"), "+1 (555) 01.00-1", null],
    [field("phone"), "12", "phone"],
    [field("phone"), "1+1 555", "phone"],
    [field("phone"), "٠١٢٣", "phone"],
    [field("select", { options: [{ value: "a", label: { en: "A" } }] }), "a", null],
    [field("select", { options: [{ value: "a", label: { en: "A" } }] }), "b", "invalid"],
    [field("checkbox", { required: true }), "", "required"],
    [field("checkbox", { required: true }), "true", null],
    [field("color" as "text"), "#fff", null],
  ];
  it.each(cases)("of %j that is %j: %s", (one, value, fault) => {
    expect(faultOf(one, value)).toBe(fault);
  });
});

describe("a sheet", () => {
  const name = field("text", { name: "name", required: true });
  const mail = field("email", { name: "mail" });

  it("gives what is written once nothing is wrong, and sends the focus to the first fault", () => {
    const sheet = createSheet();
    sheet.write(mail, "nonsense");
    expect(sheet.take([name, mail])).toBeNull();
    expect([sheet.faultOf("name"), sheet.faultOf("mail")]).toEqual(["required", "email"]);
    expect(sheet.takesFocus("mail")).toBe(false);
    expect(sheet.takesFocus("name")).toBe(true);
    expect(sheet.takesFocus("name"), "once").toBe(false);

    sheet.write(name, "Ann\ud800");
    sheet.write(mail, "ann@shop.example");
    expect(sheet.faultOf("mail"), "mended while it is written").toBeNull();
    expect(sheet.take([name, mail])).toEqual({ name: "Ann\ufffd", mail: "ann@shop.example" });
    expect(sheet.take([name, mail]), "kept for the next call").not.toBeNull();
  });

  it("leaves out what is empty, and what stands in no field", () => {
    const sheet = createSheet();
    sheet.write(name, "Ann");
    sheet.write(mail, "  ");
    expect(sheet.take([mail])).toEqual({});
  });
});

it("knows the field that the server points at", () => {
  expect(fieldOf("/formValues/a~1b~0c")).toBe("a/b~c");
  expect([fieldOf("/formValues"), fieldOf("/consent"), fieldOf(null)]).toEqual([null, null, null]);
});
