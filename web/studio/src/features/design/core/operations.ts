/** What can be done with a document, each a function to the next one. What can't be done changes nothing. */

import type { design, State } from "@bellpush/protocol";

import {
  type Block,
  blockOf,
  blocksIn,
  type Design,
  placeOf,
  plain,
  STATES,
  withBlock,
  withBlocks,
} from "./document.ts";
import { fieldNames, freeField, refusal } from "./kinds.ts";
import { allTexts, setIn } from "./texts.ts";

export function addBlock(document: Design, state: State, index: number, block: Block): Design {
  if (refusal(document, block.type, state) !== null || placeOf(document, block.id) !== null) {
    return document;
  }
  const blocks = blocksIn(document, state);
  return withBlocks(document, state, [...blocks.slice(0, index), block, ...blocks.slice(index)]);
}

/** Moves a block to a place in a state, counted without the block. */
export function moveBlock(document: Design, id: string, state: State, index: number): Design {
  const block = blockOf(document, id);
  if (block === null || refusal(document, block.type, state, id) !== null) return document;
  const from = placeOf(document, id);
  const without = removeBlock(document, id);
  const blocks = blocksIn(without, state);
  const at = Math.max(0, Math.min(index, blocks.length));
  if (from?.state === state && from.index === at) return document;
  return withBlocks(without, state, [...blocks.slice(0, at), block, ...blocks.slice(at)]);
}

export function removeBlock(document: Design, id: string): Design {
  const place = placeOf(document, id);
  if (place === null) return document;
  const blocks = blocksIn(document, place.state).filter((block) => block.id !== id);
  return withBlocks(document, place.state, blocks);
}

/** A copy below the block; fields of a form get names of their own. */
export function duplicateBlock(document: Design, id: string, copyId: string): Design {
  const block = blockOf(document, id);
  const place = placeOf(document, id);
  if (block === null || place === null) return document;
  let copy: Block = { ...block, id: copyId };
  if (copy.type === "form") {
    const taken = new Set(fieldNames(document));
    const fields = copy.fields.map((field) => {
      const name = freeField(field.name, taken);
      taken.add(name);
      return { ...field, name };
    });
    copy = { ...copy, fields };
  }
  return addBlock(document, place.state, place.index + 1, copy);
}

/** Changes fields of a block; one that is undefined goes. */
export function setBlock(document: Design, id: string, change: object): Design {
  const block = blockOf(document, id);
  return block === null ? document : withBlock(document, plain({ ...block, ...change }) as Block);
}

/** Removes a field, wherever in the form it stands by then. */
export function removeField(document: Design, id: string, name: string): Design {
  const block = blockOf(document, id);
  if (block?.type !== "form" && block?.type !== "callback") return document;
  const fields = block.fields?.filter((field) => field.name !== name);
  return setBlock(document, id, { fields });
}

export function setCondition(document: Design, id: string, when: design.Condition): Design {
  const block = blockOf(document, id);
  return block === null || block.type === "survey" ? document : setBlock(document, id, { when });
}

export function setTheme(document: Design, change: Partial<design.Theme>): Design {
  return { ...document, theme: { ...document.theme, ...change } };
}

export function setColor(
  document: Design,
  scheme: "light" | "dark",
  name: keyof design.Palette,
  color: design.Color,
): Design {
  return setTheme(document, { [scheme]: { ...document.theme[scheme], [name]: color } });
}

export const MAX_LANGUAGES = 40;

/** A further language: its texts are to be written. */
export function addLanguage(document: Design, language: string): Design {
  const isThere = document.languages.some((one) => one.toLowerCase() === language.toLowerCase());
  if (isThere || language === "" || document.languages.length >= MAX_LANGUAGES) return document;
  return { ...document, languages: [...document.languages, language] };
}

/** A language with its texts; the last one stays. */
export function removeLanguage(document: Design, language: string): Design {
  if (!document.languages.includes(language) || document.languages.length === 1) return document;
  const languages = document.languages.filter((one) => one !== language);
  const { [language]: _, ...texts } = document.texts;
  return withoutForeignWords({ ...document, languages, texts });
}

/** The language that stands in for all others. */
export function setFirstLanguage(document: Design, language: string): Design {
  if (!document.languages.includes(language)) return document;
  const others = document.languages.filter((one) => one !== language);
  return { ...document, languages: [language, ...others] };
}

/** Own texts without words in languages that the design does not have. */
export function withoutForeignWords(document: Design): Design {
  let next = document;
  for (const { block, path, value } of allTexts(document)) {
    if (typeof value === "string") continue;
    const kept = Object.entries(value).filter(([language]) =>
      document.languages.includes(language),
    );
    if (kept.length === Object.keys(value).length) continue;
    const change = () => Object.fromEntries(kept);
    if (block === null) {
      next = setIn(next, path, change) as Design;
    } else {
      const found = blockOf(next, block);
      if (found !== null) next = withBlock(next, setIn(found, path, change) as Block);
    }
  }
  return next;
}

/** The ids of all blocks. */
export const idsOf = (document: Design): ReadonlySet<string> =>
  new Set(STATES.flatMap((state) => blocksIn(document, state).map(({ id }) => id)));
