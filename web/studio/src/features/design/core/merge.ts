/**
 * Two people at once: a document taken apart into what can be changed by itself, merged part by part
 * from what both began with, and joined again.
 *
 * What only one of them changed is taken. Where both changed one part to different values it is a
 * clash, to be decided by a person; until then mine stands.
 */

import type { design, State } from "@bellpush/protocol";

import { isSame } from "../../../editor/merge.ts";
import { type Block, blocksIn, type Design, isRecord, STATES } from "./document.ts";
import { RULES } from "./kinds.ts";
import { mended } from "./mend.ts";

/** A document as parts, by a key such as `theme light accent` or `block b1 text de`. */
type Parts = ReadonlyMap<string, unknown>;

/** What both changed. */
export interface Clash {
  /** The part's key, split: `theme`, `texts`, `languages`, `place` or `block` first. */
  readonly part: readonly string[];
  /** undefined: taken out. */
  readonly mine: unknown;
  readonly theirs: unknown;
}

export interface Merged {
  readonly document: Design;
  readonly clashes: readonly Clash[];
  /** Whether they changed anything. */
  readonly hasTheirs: boolean;
}

export type Side = "mine" | "theirs";

const SEPARATOR = "\n";
const keyOf = (...part: readonly string[]) => part.join(SEPARATOR);

/** What was decided of these clashes, in their order; mine stands where nothing was. */
export function decided(clashes: readonly Clash[], sides: readonly Side[]): (clash: Clash) => Side {
  const chosen = new Map(clashes.map(({ part }, index) => [keyOf(...part), sides[index]]));
  return ({ part }) => chosen.get(keyOf(...part)) ?? "mine";
}

/** Merges; `side` says whose value is taken where both changed a part. */
export function merge(
  base: Design,
  mine: Design,
  theirs: Design,
  side: (clash: Clash) => Side = () => "mine",
): Merged {
  if (isSame(base, theirs)) return { document: mine, clashes: [], hasTheirs: false };
  if (isSame(base, mine)) return { document: theirs, clashes: [], hasTheirs: true };
  const [b, m, t] = [partsOf(base), partsOf(mine), partsOf(theirs)];
  const merged = new Map<string, unknown>();
  const clashes: Clash[] = [];
  const decide = (key: string, [mineOf, theirsOf] = [m.get(key), t.get(key)]) => {
    const clash: Clash = { part: key.split(SEPARATOR), mine: mineOf, theirs: theirsOf };
    clashes.push(clash);
    return side(clash) === "mine" ? m : t;
  };
  // A block that one has taken out and the other has changed stands or falls as a whole.
  const fates = new Map<string, Parts>();
  for (const id of blockIds(b)) {
    const place = keyOf("place", id);
    const goneBy = !m.has(place) ? m : !t.has(place) ? t : null;
    if (goneBy === null || (!m.has(place) && !t.has(place))) continue;
    const other = goneBy === m ? t : m;
    fates.set(id, hasChanged(b, other, id) ? decide(place) : goneBy);
  }
  // Of what can stand in a state only once, both have added one: a person says whose it is.
  for (const [one, other] of rivals(base, mine, theirs)) {
    const chosen = decide(keyOf("place", one.id), [one, other]);
    fates.set(chosen === m ? other.id : one.id, NOWHERE);
  }
  for (const key of new Set([...b.keys(), ...m.keys(), ...t.keys()])) {
    const [kind, id = ""] = key.split(SEPARATOR);
    const fate = kind === "place" || kind === "block" ? fates.get(id) : undefined;
    const from = fate ?? sideOf(key, b, m, t, decide);
    if (from.has(key)) merged.set(key, from.get(key));
  }
  const languages = mergedOrder(base.languages, mine.languages, theirs.languages);
  const orders = STATES.map(
    (state) => [state, mergedOrder(...ordersOf(state, base, mine, theirs))] as const,
  );
  const document = mended(joined(merged, languages, new Map(orders)));
  return { document, clashes, hasTheirs: true };
}

const NOWHERE: Parts = new Map();

/** What each of the two has added to a state that takes but one of its kind. */
function rivals(base: Design, mine: Design, theirs: Design): readonly (readonly [Block, Block])[] {
  const before = new Set(STATES.flatMap((state) => blocksIn(base, state).map(({ id }) => id)));
  return STATES.flatMap((state) =>
    blocksIn(mine, state).flatMap((one): readonly (readonly [Block, Block])[] => {
      if (RULES[one.type].single !== true || before.has(one.id)) return [];
      const other = blocksIn(theirs, state).find(
        ({ id, type }) => type === one.type && id !== one.id && !before.has(id),
      );
      return other === undefined ? [] : [[one, other]];
    }),
  );
}

function sideOf(
  key: string,
  base: Parts,
  mine: Parts,
  theirs: Parts,
  decide: (key: string) => Parts,
): Parts {
  const [b, m, t] = [base.get(key), mine.get(key), theirs.get(key)];
  if (isSame(b, t) || isSame(m, t)) return mine;
  return isSame(b, m) ? theirs : decide(key);
}

/** Whether a block is another one than it was: in its place, or in what it says. */
function hasChanged(base: Parts, other: Parts, id: string): boolean {
  const own = (parts: Parts) =>
    [...parts].filter(([key]) => {
      const [kind, of] = key.split(SEPARATOR);
      return (kind === "place" || kind === "block") && of === id;
    });
  return !isSame(Object.fromEntries(own(base)), Object.fromEntries(own(other)));
}

function blockIds(parts: Parts): readonly string[] {
  return [...parts.keys()].flatMap((key) => {
    const [kind, id = ""] = key.split(SEPARATOR);
    return kind === "place" ? [id] : [];
  });
}

function ordersOf(
  state: State,
  ...documents: readonly [Design, Design, Design]
): [readonly string[], readonly string[], readonly string[]] {
  const ids = (document: Design) => document.states[state].map(({ id }) => id ?? "");
  const [base, mine, theirs] = documents;
  return [ids(base), ids(mine), ids(theirs)];
}

/** Fields whose own fields are parts of their own. */
const DEEP = ["text", "label", "hint", "title", "alt", "rich"];

function partsOf(document: Design): Parts {
  const parts = new Map<string, unknown>();
  const { theme, texts, states } = document;
  for (const [name, value] of Object.entries(theme)) {
    if (name === "light" || name === "dark" || name === "font" || name === "launcher") {
      for (const [inner, one] of Object.entries(value)) parts.set(keyOf("theme", name, inner), one);
    } else {
      parts.set(keyOf("theme", name), value);
    }
  }
  for (const [language, words] of Object.entries(texts)) {
    for (const [key, text] of Object.entries(words)) {
      parts.set(keyOf("texts", language, key), text);
    }
  }
  for (const language of document.languages) parts.set(keyOf("languages", language), true);
  for (const state of STATES) {
    for (const { id, ...fields } of states[state] as readonly Block[]) {
      parts.set(keyOf("place", id), state);
      for (const [name, value] of Object.entries(fields)) {
        if (DEEP.includes(name) && isRecord(value)) {
          for (const [language, words] of Object.entries(value)) {
            parts.set(keyOf("block", id, name, language), words);
          }
          // That it is own words, whatever they are: a text of none is still one.
          parts.set(keyOf("block", id, name), OWN);
        } else {
          parts.set(keyOf("block", id, name), value);
        }
      }
    }
  }
  return parts;
}

/** Stands for own words, whose languages are parts of their own. */
const OWN = { own: true };

function joined(
  parts: Parts,
  languages: readonly string[],
  orders: ReadonlyMap<State, readonly string[]>,
): Design {
  const theme: Record<string, unknown> = {};
  const texts: Record<string, Record<string, string>> = {};
  const places = new Map<string, State>();
  const fields = new Map<string, Record<string, unknown>>();
  for (const [key, value] of parts) {
    const [kind, one = "", two, three] = key.split(SEPARATOR);
    switch (kind) {
      case "theme":
        if (two === undefined) theme[one] = value;
        else theme[one] = { ...(theme[one] as object | undefined), [two]: value };
        break;
      case "texts":
        texts[one] = { ...texts[one], [two ?? ""]: value as string };
        break;
      case "place":
        places.set(one, value as State);
        break;
      case "block": {
        const own = fields.get(one) ?? {};
        fields.set(one, own);
        if (three === undefined) own[two ?? ""] = isSame(value, OWN) ? { ...OWN } : value;
        break;
      }
    }
  }
  for (const [key, value] of parts) {
    const [kind, id = "", name = "", language] = key.split(SEPARATOR);
    if (kind !== "block" || language === undefined) continue;
    const own = fields.get(id);
    const words = own?.[name];
    // Where it became one of the widget's own texts, words of before are none of its parts.
    if (own === undefined || !isRecord(words)) continue;
    const { own: _, ...others } = words;
    own[name] = { ...others, [language]: value };
  }
  const states = Object.fromEntries(
    STATES.map((state) => {
      const here = [...places].filter(([, place]) => place === state).map(([id]) => id);
      const order = orders.get(state) ?? [];
      const sorted = [
        ...order.filter((id) => here.includes(id)),
        ...here.filter((id) => !order.includes(id)),
      ];
      return [state, sorted.map((id) => ({ ...cleaned(fields.get(id) ?? {}), id }))];
    }),
  ) as unknown as design.States;
  const kept = languages.filter((language) => parts.has(keyOf("languages", language)));
  return { version: 1, languages: kept, theme: theme as unknown as design.Theme, texts, states };
}

/** Own words of no language are none. */
function cleaned(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, isSame(value, OWN) ? {} : value]),
  );
}

/** Their order with my moves in it: what I moved or added stands behind what it stands behind with me. */
export function mergedOrder(
  base: readonly string[],
  mine: readonly string[],
  theirs: readonly string[],
): readonly string[] {
  const common = (list: readonly string[], other: readonly string[]) =>
    list.filter((one) => other.includes(one));
  const moved = new Set([
    ...mine.filter((one) => !base.includes(one)),
    ...movedIn(common(base, mine), common(mine, base)),
  ]);
  const result = theirs.filter((one) => !moved.has(one));
  for (const [index, one] of mine.entries()) {
    if (!moved.has(one)) continue;
    const before = mine.slice(0, index).findLast((other) => result.includes(other));
    result.splice(before === undefined ? 0 : result.indexOf(before) + 1, 0, one);
  }
  return result;
}

/** What was moved: all but a longest run that kept its order. */
function movedIn(before: readonly string[], after: readonly string[]): readonly string[] {
  const places = after.map((one) => before.indexOf(one));
  const best: number[] = [];
  const previous: number[] = [];
  for (const [at, place] of places.entries()) {
    best[at] = 1;
    previous[at] = -1;
    for (let other = 0; other < at; other += 1) {
      if ((places[other] ?? 0) < place && (best[other] ?? 0) + 1 > (best[at] ?? 0)) {
        best[at] = (best[other] ?? 0) + 1;
        previous[at] = other;
      }
    }
  }
  const kept = new Set<number>();
  for (let at = best.indexOf(Math.max(...best, 0)); at >= 0; at = previous[at] ?? -1) kept.add(at);
  return after.filter((_, index) => !kept.has(index));
}
