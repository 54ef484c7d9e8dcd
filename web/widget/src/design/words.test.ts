import { TEXT_PLACEHOLDERS } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import en from "../i18n/en.ts";
import { DESIGNS } from "../testing/designs.ts";
import { overridden } from "./override.ts";
import type { Scene } from "./scene.ts";
import { languageFor, wordsOf } from "./words.ts";

const scene = {
  state: { name: "ended", callId: null, seconds: 65, reason: "user_hangup" },
  shown: {
    design: { ...DESIGNS.plain, languages: ["de", "fr"] },
    designVersion: 1,
    consentHashes: {},
  },
  t: en,
  language: "fr-CA",
  opensAt: null,
  now: () => 0,
  epoch: () => 0,
  later: null,
} as unknown as Scene;

describe("words", () => {
  it.each([
    ["de", "de"],
    ["DE", "de"],
    ["fr-CA", "fr"],
    ["nl", "de"],
    ["", "de"],
  ])("for %j are those in %s", (tag, language) => {
    expect(languageFor(["de", "fr"], tag)).toBe(language);
  });

  it("of a design say which language they are in, unless the document is in it", () => {
    expect(wordsOf({ de: "Hallo", fr: "Bonjour" }, scene)).toEqual({
      text: "Bonjour",
      lang: "fr",
      dir: "auto",
    });
    const spoken = { ...scene, t: { ...en, language: "fr" } };
    expect(wordsOf({ de: "Hallo", fr: "Bonjour" }, spoken)).toEqual({ text: "Bonjour" });
  });

  it("of the widget are found by their name, with what they are filled in with", () => {
    expect(wordsOf("ended.title", scene).text).toBe("Call ended");
    expect(wordsOf("ended.duration", scene).text).toBe("It lasted 1:05.");
    expect(wordsOf("closed.opens", scene).text).toBe(en.closed.text);
  });

  it("that are not there are none", () => {
    for (const unknown of ["nothing.here", "ended", "language", "error.messages"]) {
      expect(wordsOf(unknown as "ended.title", scene).text).toBe("");
    }
    expect(wordsOf({}, scene).text).toBe("");
    expect(wordsOf(undefined as unknown as "ended.title", scene).text).toBe("");
  });
});

describe("other words for the widget's texts", () => {
  const own = {
    en: { "idle.title": "Hello", "ended.duration": "{time} in all", "error.message": "Sorry." },
    "fr-CA": { "idle.title": "Allô", "nothing.here": "x" },
  };

  it("take their place, and are filled in where those were", () => {
    const texts = overridden(en, own, "en-GB");
    expect(texts.idle.title).toBe("Hello");
    expect(texts.idle.text).toBe(en.idle.text);
    expect(texts.ended.duration("$& 1:05")).toBe("$& 1:05 in all");
    expect(texts.error.messages.no_answer).toBe("Sorry.");
    expect(en.idle.title).toBe("Talk to us");
  });

  it("are filled in where their own placeholder stands, and nowhere else", () => {
    const words = { en: { "ended.duration": "{moment}: {time}, yes, {time}" } };
    expect(overridden(en, words, "en").ended.duration("1:05")).toBe("{moment}: 1:05, yes, 1:05");
  });

  it("have the placeholders that the server asks for", () => {
    for (const [key, name] of Object.entries(TEXT_PLACEHOLDERS)) {
      const [group = "", text = ""] = key.split(".");
      const texts = overridden(en, { en: { [key]: `<{${name}}>` } }, "en");
      const said = (texts as unknown as Record<string, Record<string, (part: string) => string>>)[
        group
      ];
      expect(said?.[text]?.("x")).toBe("<x>");
    }
  });

  it("are those of the visitor's tag, or of the language that is spoken", () => {
    expect(overridden(en, own, "fr-CA").idle.title).toBe("Allô");
    expect(overridden({ ...en, language: "nl" }, own, "nl")).toMatchObject({ idle: en.idle });
  });
});
