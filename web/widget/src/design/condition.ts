/** When a block is shown: the same rules as the server's, which checks what visitors send by them. */

import type { Context, design } from "@bellpush/protocol";

/** What conditions look at. */
export interface View {
  readonly open: boolean;
  /** The visitor's, as a tag. */
  readonly language: string;
  readonly context: Context;
}

/** Whether all that is given holds. A condition of a kind that is not known here does not. */
export function holds(condition: design.Condition, { open, language, context }: View): boolean {
  const { open: wanted, languages, context: values, contextHas, ...unknown } = condition;
  const has = (key: string) => Object.hasOwn(context, key);
  return (
    Object.keys(unknown).length === 0 &&
    (wanted == null || wanted === open) &&
    (!languages?.length || languages.some((tag) => speaks(language, tag))) &&
    Object.entries(values ?? {}).every(([key, value]) => has(key) && context[key] === value) &&
    (contextHas ?? []).every(has)
  );
}

/** Whether a tag is the wanted one, or a narrower one. */
function speaks(tag: string, wanted: string): boolean {
  return `${tag.toLowerCase()}-`.startsWith(`${wanted.toLowerCase()}-`);
}
