/** The texts of a language. English is at hand; each other file beside it loads when asked for. */

import en from "./en.ts";
import type { Texts } from "./texts.ts";

export type { Texts };

/** The languages that there are texts in besides English, in the order of their tags. */
export const OTHERS =
  "ar cs da de el es fi fr he hu id it ja ko nb nl pl pt ro ru sv tr uk zh".split(" ");
/** Tags whose texts stand under another one. */
const SAME: Readonly<Record<string, string>> = { no: "nb", nn: "nb", iw: "he", in: "id" };

/** The language of a tag: `pt-BR` has the texts of `pt`. */
export function languageOf(tag: string): string {
  const language = tag.split("-", 1)[0]?.toLowerCase() ?? "";
  return SAME[language] ?? language;
}

function isThere(tag: string): boolean {
  const language = languageOf(tag);
  return language === "en" || OTHERS.includes(language);
}

/**
 * The language to speak: the one that was asked for, else the first of the visitor's own that there
 * are texts in, else the app's.
 */
export function chooseLanguage(
  asked: string | null,
  visitors: readonly string[],
  apps: string,
): string {
  return asked ?? visitors.find(isThere) ?? apps;
}

/** The texts for a language tag, or English. */
export async function loadTexts(tag: string): Promise<Texts> {
  const language = languageOf(tag);
  if (!OTHERS.includes(language)) {
    return en;
  }
  try {
    // Where each stands is told by a file of its own, which English does without.
    const { load } = await import("./others.ts");
    return (await load(language)) ?? en;
  } catch {
    return en;
  }
}
