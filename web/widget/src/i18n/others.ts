/** The files of all languages but English, each loaded by itself. */

import type { Texts } from "./texts.ts";

const files = import.meta.glob<Texts>(["./??.ts", "!./en.ts"], { import: "default" });

/** The texts of a language that there are texts in. */
export async function load(language: string): Promise<Texts | undefined> {
  return files[`./${language}.ts`]?.();
}
