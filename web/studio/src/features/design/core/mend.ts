/**
 * Brings what two people's changes came to together under the rules of places: a merge can bring a
 * second consent, or a form's field with a name that is taken.
 */

import {
  type Block,
  blocksIn,
  type Design,
  freeName,
  MAX_BLOCKS,
  STATES,
  withBlocks,
} from "./document.ts";
import { freeField, RULES } from "./kinds.ts";
import { withoutForeignWords } from "./operations.ts";

export function mended(document: Design): Design {
  const languages = document.languages.length === 0 ? ["en"] : document.languages;
  let next: Design = { ...document, languages };
  const ids = new Set<string>();
  const names = new Set<string>();
  for (const state of STATES) {
    const seen = new Set<string>();
    const blocks = blocksIn(next, state)
      .filter(({ type }) => {
        const { states, single } = RULES[type];
        const isSecond = single === true && seen.has(type);
        seen.add(type);
        return states.includes(state) && !isSecond;
      })
      .slice(0, MAX_BLOCKS)
      .map((block): Block => {
        const id = freeName(block.id, ids);
        ids.add(id);
        return withFreeNames({ ...block, id }, names);
      });
    next = withBlocks(next, state, blocks);
  }
  return withoutForeignWords(next);
}

function withFreeNames(block: Block, taken: Set<string>): Block {
  if (block.type !== "form") return block;
  const fields = block.fields.map((field) => {
    const name = freeField(field.name, taken);
    taken.add(name);
    return name === field.name ? field : { ...field, name };
  });
  return { ...block, fields };
}
