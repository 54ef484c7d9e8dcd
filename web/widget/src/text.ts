/** Texts as every receiver can read them. */

import type { Json } from "@bellpush/protocol";

/** Half of a surrogate pair, alone: no text in UTF-8 can hold it. */
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with U+FFFD in place of each half of a character. */
export function wellFormed(text: string): string {
  return text.replace(LONE, "\ufffd");
}

/** The same for every text within, names of fields included. */
export function wellFormedJson(value: Json): Json {
  if (typeof value === "string") {
    return wellFormed(value);
  }
  if (Array.isArray(value)) {
    return value.map(wellFormedJson);
  }
  return typeof value === "object" && value !== null
    ? Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [wellFormed(name), wellFormedJson(inner)]),
      )
    : value;
}

/** At most so many characters, counted as the server counts them: by code points. */
export function atMost(text: string, chars: number): string {
  // Most texts are short, whichever way they are counted.
  return text.length <= chars ? text : Array.from(text).slice(0, chars).join("");
}
