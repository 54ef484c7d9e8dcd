/** The texts of a language. English is at hand; each other file beside it loads when asked for. */

import en from "./en.ts";
import type { Texts } from "./texts.ts";

export type { Texts };

const OTHERS = import.meta.glob<Texts>(
  ["./*.ts", "!./en.ts", "!./index.ts", "!./texts.ts", "!./*.test.ts"],
  { import: "default" },
);
/** Tags whose texts stand under another one. */
const SAME: Readonly<Record<string, string>> = { no: "nb", nn: "nb", iw: "he", in: "id" };

/** The name of the file for a language tag: `pt-BR` has the texts of `pt`. */
function fileOf(tag: string): string {
  const language = tag.split("-", 1)[0]?.toLowerCase() ?? "";
  return SAME[language] ?? language;
}

function isThere(tag: string): boolean {
  const file = fileOf(tag);
  return file === "en" || `./${file}.ts` in OTHERS;
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
  const load = OTHERS[`./${fileOf(tag)}.ts`];
  return load === undefined ? en : load().catch(() => en);
}
