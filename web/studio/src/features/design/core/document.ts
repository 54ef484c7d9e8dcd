/**
 * The design document as the editor holds it: every block has an id, and nothing is there that says
 * nothing. So two editors of one document agree on which block is which.
 */

import type { design, State } from "@bellpush/protocol";

export type Design = design.Design;
export type Kind = design.Block["type"];
/** A block with the id that the editor has given it. */
export type Block = design.Block & { readonly id: string };
export type BlockOf<K extends Kind> = Extract<Block, { readonly type: K }>;

/** The states as a visitor comes through them. */
export const STATES = [
  "idle",
  "calling",
  "ended",
  "survey",
  "survey_submitted",
  "error",
  "closed",
] as const satisfies readonly State[];

export const MAX_BLOCKS = 40;

export const blocksIn = (document: Design, state: State): readonly Block[] =>
  document.states[state] as readonly Block[];

/** Where a block stands; null: nowhere any more. */
export function placeOf(document: Design, id: string): { state: State; index: number } | null {
  for (const state of STATES) {
    const index = document.states[state].findIndex((block) => block.id === id);
    if (index >= 0) return { state, index };
  }
  return null;
}

export function blockOf(document: Design, id: string): Block | null {
  const place = placeOf(document, id);
  return place === null ? null : (blocksIn(document, place.state)[place.index] ?? null);
}

/** The document with these blocks in a state. */
export function withBlocks(document: Design, state: State, blocks: readonly Block[]): Design {
  return { ...document, states: { ...document.states, [state]: blocks } };
}

/** The document with a block in place of the one of its id. */
export function withBlock(document: Design, block: Block): Design {
  const place = placeOf(document, block.id);
  if (place === null) return document;
  const blocks = blocksIn(document, place.state).map((one) => (one.id === block.id ? block : one));
  return withBlocks(document, place.state, blocks);
}

/** What the server gave, as the editor holds it. */
export function opened(given: Design): Design {
  const taken = new Set<string>();
  const states = Object.fromEntries(
    STATES.map((state) => [
      state,
      given.states[state].map((block, index) => {
        const wanted = block.id ?? `${state}-${block.type}-${index + 1}`;
        const id = freeName(wanted, taken);
        taken.add(id);
        return { ...(plain(block) as design.Block), id } as Block;
      }),
    ]),
  ) as unknown as design.States;
  return { ...given, states };
}

/** A name that is not taken: the wanted one, or it with a number. */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted.slice(0, 58)}-${number}`)) number += 1;
  return `${wanted.slice(0, 58)}-${number}`;
}

/** Fields of which an empty one says the same as none. */
const NO_EMPTY = ["when", "fields", "options", "context", "contextHas", "languages"];

/** A value without what says nothing: null, and what is empty where that is the same as absent. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isRecord(value)) return value;
  // A form of no fields, and a select of no options, are still to be filled in by somebody.
  const keeps = value.type === "form" ? "fields" : value.kind === "select" ? "options" : "";
  const kept = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    if (inner === null || inner === undefined) return [];
    const next = key === "data" ? inner : plain(inner);
    const blank = typeof next === "object" && next !== null && Object.keys(next).length === 0;
    return blank && NO_EMPTY.includes(key) && key !== keeps ? [] : [[key, next]];
  });
  return Object.fromEntries(kept);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
