/** What blocks and texts are called, where they are listed. */

import { t } from "../../texts/index.ts";
import type { Block, Kind } from "./core/document.ts";
import { ownWords, textsOf } from "./core/texts.ts";

export const kindName = (kind: Kind): string => t.design.kinds[kind][0];

/** The widget's own texts in the language that is looked at, by their names. */
export type WidgetWords = Readonly<Record<string, string>>;

/** What a block says first, in a language; empty where it says nothing. */
export function firstWords(block: Block, language: string, words: WidgetWords): string {
  const [text] = textsOf(block);
  if (text === undefined) return "";
  const own = ownWords(text, language);
  return own ?? words[text.value as string] ?? "";
}

/** What a block is called: its kind, and its first words. */
export function blockName(block: Block, language: string, words: WidgetWords): string {
  const said = firstWords(block, language, words).trim();
  return said === "" ? kindName(block.type) : `${kindName(block.type)} “${said.slice(0, 40)}”`;
}
