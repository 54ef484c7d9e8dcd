/** Options of a select as lines of text, to be written in bulk. */

import type { design } from "@bellpush/protocol";

import { isRecord } from "../core/document.ts";

const MAX_OPTIONS = 100;

/** One a line: the value, or `value = words` where they differ. */
export function textOfOptions(options: readonly design.FieldOption[], language: string): string {
  return options
    .map(({ value, label }) => {
      const words = isRecord(label) ? String(label[language] ?? "") : value;
      return words === value ? value : `${value} = ${words}`;
    })
    .join("\n");
}

/** What lines say, with the words of other languages kept by value. */
export function optionsOf(
  text: string,
  before: readonly design.FieldOption[],
  language: string,
  languages: readonly string[],
): readonly design.FieldOption[] {
  const seen = new Set<string>();
  return text
    .split("\n")
    .map((line) => {
      const [value = "", ...words] = line.split("=").map((part) => part.trim());
      return [value.slice(0, 200), words.join("=") || value] as const;
    })
    .filter(([value]) => {
      const isNew = value !== "" && !seen.has(value);
      seen.add(value);
      return isNew;
    })
    .slice(0, MAX_OPTIONS)
    .map(([value, words]) => {
      const known = before.find((option) => option.value === value)?.label;
      const blank = Object.fromEntries(languages.map((one) => [one, words]));
      return { value, label: { ...blank, ...(isRecord(known) ? known : {}), [language]: words } };
    });
}
