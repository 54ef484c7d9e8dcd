import { expect, test } from "vitest";

import { optionsOf, textOfOptions } from "./options.ts";

test("options are written in bulk, and words of other languages stay by value", () => {
  const first = optionsOf("order = My order\nreturn\n\norder = Again", [], "en", ["en", "de"]);
  expect(first).toEqual([
    { value: "order", label: { en: "My order", de: "My order" } },
    { value: "return", label: { en: "return", de: "return" } },
  ]);
  const german = optionsOf("order = Bestellung\nreturn = Rückgabe", first, "de", ["en", "de"]);
  expect(german.map(({ label }) => label)).toEqual([
    { en: "My order", de: "Bestellung" },
    { en: "return", de: "Rückgabe" },
  ]);
  expect(textOfOptions(german, "en")).toBe("order = My order\nreturn");
  expect(optionsOf(textOfOptions(german, "de"), german, "de", ["en", "de"])).toEqual(german);
});
