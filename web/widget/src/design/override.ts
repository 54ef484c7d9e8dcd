/** The widget's texts with a design's own words in their place. */

import type { design } from "@bellpush/protocol";
import type { Texts } from "../i18n/index.ts";

type Groups = Record<string, Record<string, unknown>>;

/** Words for a visitor's language: those of the same tag, else those of its first part. */
export function overridden(texts: Texts, own: design.Design["texts"], tag: string): Texts {
  const words = own[tag] ?? own[texts.language];
  if (words === undefined) {
    return texts;
  }
  const groups: Groups = { ...texts } as unknown as Groups;
  for (const [key, text] of Object.entries(words)) {
    const [group = "", name = ""] = key.split(".");
    const before = groups[group];
    if (typeof before !== "object") {
      continue;
    }
    groups[group] = { ...before, ...changed(key, before[name], text, texts) };
  }
  return groups as unknown as Texts;
}

/** A text by its name; what has a part to fill in is still filled in. */
function changed(key: string, before: unknown, text: string, texts: Texts): object {
  const name = key.slice(key.indexOf(".") + 1);
  if (typeof before === "function") {
    // As TEXT_PLACEHOLDERS has it, which would have to be there before the first paint.
    const place = name === "opens" ? "{moment}" : "{time}";
    return { [name]: (part: string) => text.replaceAll(place, () => part) };
  }
  if (key === "error.message") {
    // What went wrong is then said with the same words whatever it was.
    const codes = Object.keys(texts.error.messages);
    return { messages: Object.fromEntries(codes.map((code) => [code, text])), reasons: {} };
  }
  return { [name]: text };
}
