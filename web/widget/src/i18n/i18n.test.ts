import { ERROR_MESSAGES } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import en from "./en.ts";
import enForms from "./forms/en.ts";
import { loadFormTexts } from "./forms/index.ts";
import { chooseLanguage, loadTexts, OTHERS } from "./index.ts";
import enNotices from "./notices/en.ts";
import { loadNoticeTexts } from "./notices/index.ts";
import type { Texts } from "./texts.ts";

const LANGUAGES = ["en", ...OTHERS];

/** Every text with its path; texts with a part to fill in, filled in. */
function textsOf(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") {
    return [[path, value]];
  }
  if (typeof value === "function") {
    return [[path, String(value("<part>"))]];
  }
  return Object.entries(value as object).flatMap(([key, inner]) =>
    textsOf(inner, `${path}.${key}`),
  );
}

/** Texts that are the same word in some languages. */
const MAY_BE_ENGLISH =
  /^\.(language|direction|calling\.audio|calling\.keypad|survey\.submit|devices\.microphone)$/;

describe.each(LANGUAGES)("%s", (language) => {
  it("is complete, and is not English", async () => {
    const t = await loadTexts(language);
    expect(t.language).toBe(language);
    const english = new Map(textsOf(en));
    const own = textsOf(t);
    expect(own.map(([path]) => path).sort()).toEqual([...english.keys()].sort());
    for (const [path, text] of own) {
      expect(text.trim(), path).toBe(text);
      expect(text, path).not.toBe("");
      expect(text.includes("<part>"), path).toBe(english.get(path)?.includes("<part>"));
      if (language !== "en" && !MAY_BE_ENGLISH.test(path)) {
        expect(text, path).not.toBe(english.get(path));
      }
    }
    expect(Object.keys(t.error.messages).sort()).toEqual(Object.keys(ERROR_MESSAGES).sort());
  });

  it.each([
    ["forms", enForms, loadFormTexts],
    ["notices", enNotices, loadNoticeTexts],
  ] as const)("has all texts of %s", async (_, model, load) => {
    const own = textsOf(await load(language));
    const english = new Map(textsOf(model));
    expect(own.map(([path]) => path)).toEqual([...english.keys()]);
    for (const [path, text] of own) {
      expect(text.trim(), path).toBe(text);
      expect(text, path).not.toBe("");
      expect(text.includes("<part>"), path).toBe(english.get(path)?.includes("<part>"));
      if (language !== "en") {
        expect(text, path).not.toBe(english.get(path));
      }
    }
  });

  it("fits where there is little room", async () => {
    const t: Texts = await loadTexts(language);
    const small = [t.calling.mute, t.calling.unmute, t.calling.keypad, t.calling.audio];
    for (const text of [...small, t.calling.hangUp]) {
      expect(text.length, text).toBeLessThanOrEqual(12);
    }
    for (const text of [t.idle.call, t.ended.again, t.error.retry, t.submitted.again]) {
      expect(text.length, text).toBeLessThanOrEqual(24);
    }
  });

  it("is written as its script is", async () => {
    const { direction } = await loadTexts(language);
    expect(direction).toBe(["ar", "he"].includes(language) ? "rtl" : "ltr");
  });
});

it("finds a language by longer and by other tags, and falls back to English", async () => {
  const tags = ["pt-BR", "zh-Hant-TW", "no", "iw", "DE-at", "tlh", ""];
  const found = await Promise.all(tags.map(async (tag) => (await loadTexts(tag)).language));
  expect(found).toEqual(["pt", "zh", "nb", "he", "de", "en", "en"]);
});

it("speaks what was asked for, else what the visitor reads, else what the app speaks", () => {
  expect(chooseLanguage("fr", ["de"], "en")).toBe("fr");
  expect(chooseLanguage(null, ["tlh", "de-AT", "en"], "fr")).toBe("de-AT");
  expect(chooseLanguage(null, ["tlh"], "fr")).toBe("fr");
  expect(chooseLanguage(null, [], "ar")).toBe("ar");
});

it("has 25 languages, and a file for each", () => {
  const files = Object.keys(import.meta.glob("./??.ts")).map((file) => file.slice(2, -3));
  expect(files.sort()).toEqual([...LANGUAGES].sort());
  expect(files).toHaveLength(25);
});
