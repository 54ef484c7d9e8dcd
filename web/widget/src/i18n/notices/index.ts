/** The texts of a far side's notices in a language, each in a file of its own, loaded with the first notice. */

import { languageOf } from "../index.ts";
import type en from "./en.ts";

export type NoticeTexts = typeof en;

const files = import.meta.glob<NoticeTexts>("./??.ts", { import: "default" });

/** The texts for the language that the widget speaks for a tag. */
export async function loadNoticeTexts(tag: string): Promise<NoticeTexts> {
  const load = files[`./${languageOf(tag)}.ts`] ?? files["./en.ts"];
  if (load === undefined) {
    throw new Error("the texts of notices are missing");
  }
  return load();
}
