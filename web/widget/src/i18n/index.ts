/** The texts of a language. English is at hand; each other file beside it loads when asked for. */

import en from "./en.ts";

export type Texts = typeof en;

const OTHERS = import.meta.glob<Texts>(["./*.ts", "!./en.ts", "!./index.ts"], {
  import: "default",
});

/** The texts for a language tag (`pt-BR`, then `pt`), or English. */
export async function loadTexts(tag: string): Promise<Texts> {
  const [language] = tag.split("-");
  const load = OTHERS[`./${tag}.ts`] ?? OTHERS[`./${language}.ts`];
  return load === undefined ? en : load().catch(() => en);
}
