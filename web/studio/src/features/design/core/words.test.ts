import { TEXT_KEYS, TEXT_PLACEHOLDERS } from "@bellpush/protocol";
import { expect, test } from "vitest";

import type { Design } from "./document.ts";
import { faultsOfWords, unknownKeys } from "./words.ts";

test("a placeholder of another text, or of none, is found once, and the text's own is not", () => {
  expect(faultsOfWords("ended.duration", "{time} of {moment}, {moment}, {form.name}")).toEqual([
    { kind: "place", name: "moment" },
    { kind: "place", name: "form.name" },
  ]);
  expect(faultsOfWords("idle.title", "Call us for {time}")).toEqual([
    { kind: "place", name: "time" },
  ]);
  expect(faultsOfWords(null, "Hello {name}")).toEqual([{ kind: "place", name: "name" }]);
});

test("words that lack what the widget's own text has are told so, and no words are not", () => {
  for (const [key, name] of Object.entries(TEXT_PLACEHOLDERS)) {
    expect(faultsOfWords(key, "Soon")).toEqual([{ kind: "lacks", name }]);
    // What looks like it is not it.
    expect(faultsOfWords(key, `{ ${name} }`)).toEqual([{ kind: "lacks", name }]);
    expect(faultsOfWords(key, `{${name}}.`)).toEqual([]);
    expect(faultsOfWords(key, "")).toEqual([]);
  }
  expect(faultsOfWords("ended.duration", "{tiime}")).toEqual([
    { kind: "place", name: "tiime" },
    { kind: "lacks", name: "time" },
  ]);
});

test("braces that name nothing are words", () => {
  for (const words of ["", "{}", "{ a }", "a } b {", "{1}", "{a b}", ":-{"]) {
    expect(faultsOfWords("idle.title", words)).toEqual([]);
  }
});

test("names that the widget has no text of are found in the language that is looked at", () => {
  const texts = {
    en: { "idle.title": "Hello", "idle.titel": "Hello" },
    de: { "ended.nothing": "x" },
  };
  const document = { texts } as unknown as Design;
  expect(unknownKeys(document, "en")).toEqual(["idle.titel"]);
  expect(unknownKeys(document, "de")).toEqual(["ended.nothing"]);
  expect(unknownKeys(document, "fr")).toEqual([]);
  expect(faultsOfWords("idle.titel", "Hello")).toEqual([{ kind: "key", name: "idle.titel" }]);
  for (const key of TEXT_KEYS) {
    const name = TEXT_PLACEHOLDERS[key];
    expect(faultsOfWords(key, name === undefined ? "Hello" : `{${name}}`)).toEqual([]);
  }
});
