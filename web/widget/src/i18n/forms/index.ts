/** The texts of forms in a language, each in a file of its own, loaded with the first form. */

import { languageOf } from "../index.ts";
import type en from "./en.ts";

export type FormTexts = typeof en;

const files = import.meta.glob<FormTexts>("./??.ts", { import: "default" });

/** The texts for the language that the widget speaks for a tag. */
export async function loadFormTexts(tag: string): Promise<FormTexts> {
  const load = files[`./${languageOf(tag)}.ts`] ?? files["./en.ts"];
  if (load === undefined) {
    throw new Error("the texts of forms are missing");
  }
  return load();
}
