/** What is wrong with texts of a design: names and placeholders that stand for nothing, or that are missing. */

import { type design, TEXT_KEYS, TEXT_PLACEHOLDERS } from "@bellpush/protocol";

import type { Design } from "./document.ts";

export type WordsFault =
  /** The widget has no text of this name: nobody sees the words. */
  | { readonly kind: "key"; readonly name: string }
  /** Nothing is put in its place: visitors read it as it stands. */
  | { readonly kind: "place"; readonly name: string }
  /** The widget's own text has it, and these words do not. */
  | { readonly kind: "lacks"; readonly name: string };

export const isTextKey = (name: string): name is design.TextKey =>
  (TEXT_KEYS as readonly string[]).includes(name);

/** Names that a design has words for, and the widget has no text of, in a language. */
export const unknownKeys = (document: Design, language: string): readonly string[] =>
  Object.keys(document.texts[language] ?? {}).filter((name) => !isTextKey(name));

/**
 * The faults of words, each once: of those for one of the widget's own texts, by its name, or of the
 * design's own (null), which nothing is put into. No words are the widget's own, and have no fault.
 */
export function faultsOfWords(name: string | null, words: string): readonly WordsFault[] {
  const placeholder = name === null ? undefined : TEXT_PLACEHOLDERS[name];
  const named = new Set([...words.matchAll(/\{([A-Za-z][\w.]*)\}/g)].map(([, one]) => one ?? ""));
  const faults: WordsFault[] = [];
  if (name !== null && !isTextKey(name)) faults.push({ kind: "key", name });
  for (const one of named) {
    if (one !== placeholder) faults.push({ kind: "place", name: one });
  }
  if (placeholder !== undefined && words !== "" && !named.has(placeholder)) {
    faults.push({ kind: "lacks", name: placeholder });
  }
  return faults;
}
