/** In what two documents differ, by screen. */

import type { State } from "@bellpush/protocol";

import { isSame } from "../../../editor/merge.ts";
import { type Block, blocksIn, type Design, isRecord, placeOf, STATES } from "./document.ts";

export type Screen = State | "theme" | "languages" | "texts";

export interface Difference {
  readonly screen: Screen;
  readonly what: "added" | "removed" | "changed" | "moved";
  /** The block that it is about. */
  readonly block: Block | null;
  /** Which part of it or of the theme, such as `text en`; empty: all. */
  readonly part: string;
  readonly before: unknown;
  readonly after: unknown;
}

export function differences(before: Design, after: Design): readonly Difference[] {
  return [
    ...parts("theme", before.theme, after.theme),
    ...(isSame(before.languages, after.languages)
      ? []
      : [plainChange("languages", "", before.languages.join(", "), after.languages.join(", "))]),
    ...parts("texts", before.texts, after.texts),
    ...STATES.flatMap((state) => inState(before, after, state)),
  ];
}

function inState(before: Design, after: Design, state: State): readonly Difference[] {
  const [was, is] = [blocksIn(before, state), blocksIn(after, state)];
  const removed = was
    .filter(({ id }) => placeOf(after, id) === null)
    .map((block) => whole(state, "removed", block));
  const others = is.flatMap((block): readonly Difference[] => {
    const place = placeOf(before, block.id);
    if (place === null) return [whole(state, "added", block)];
    const old = blocksIn(before, place.state)[place.index];
    if (old === undefined) return [];
    const changed = parts(state, old, block).map((one) => ({ ...one, block }));
    return place.state === state ? changed : [whole(state, "moved", block), ...changed];
  });
  const common = (list: readonly Block[], other: readonly Block[]) =>
    list.map(({ id }) => id).filter((id) => other.some((block) => block.id === id));
  const isSorted = isSame(common(was, is), common(is, was));
  const order: readonly Difference[] = isSorted
    ? []
    : [{ screen: state, what: "moved", block: null, part: "", before: null, after: null }];
  return [...removed, ...others, ...order];
}

const whole = (screen: State, what: "added" | "removed" | "moved", block: Block): Difference => ({
  screen,
  what,
  block,
  part: "",
  before: what === "removed" ? block : null,
  after: what === "added" ? block : null,
});

const plainChange = (
  screen: Screen,
  part: string,
  before: unknown,
  after: unknown,
): Difference => ({
  screen,
  what: before === undefined ? "added" : after === undefined ? "removed" : "changed",
  block: null,
  part,
  before,
  after,
});

/** The innermost fields that differ. */
function parts(screen: Screen, before: unknown, after: unknown, at = ""): readonly Difference[] {
  if (isSame(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [plainChange(screen, at, before, after)];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) =>
    parts(screen, before[name], after[name], at === "" ? name : `${at} ${name}`),
  );
}
