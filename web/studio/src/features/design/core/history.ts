/**
 * What was done, to be undone: one history for the whole document, bounded. Only a new edit clears what
 * could be done again; saving is no step. Changes by others go through every step, so that undoing
 * takes back what was done here and nothing of theirs.
 */

import { isSame } from "../../../editor/merge.ts";
import type { Design } from "./document.ts";
import { type Clash, type Merged, merge, type Side } from "./merge.ts";

export const MAX_STEPS = 200;

export interface History {
  readonly past: readonly Design[];
  readonly present: Design;
  readonly future: readonly Design[];
  /** Edits of the same kind in a row, such as letters typed into one field, are one step. */
  readonly run: string | null;
}

export const begin = (present: Design): History => ({ past: [], present, future: [], run: null });

/** An edit. With the `run` of the one before it is the same step. */
export function edit(history: History, next: Design, run: string | null = null): History {
  if (isSame(next, history.present)) return history;
  const joins = run !== null && run === history.run && history.past.length > 0;
  const past = joins ? history.past : [...history.past, history.present].slice(-MAX_STEPS);
  return { past, present: next, future: [], run };
}

/** The next edit is a step of its own. */
export const seal = (history: History): History =>
  history.run === null ? history : { ...history, run: null };

export function undo(history: History): History {
  const present = history.past.at(-1);
  if (present === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    present,
    future: [history.present, ...history.future],
    run: null,
  };
}

export function redo(history: History): History {
  const [present, ...future] = history.future;
  if (present === undefined) return history;
  return { past: [...history.past, history.present], present, future, run: null };
}

/** What others have made of `base`, brought into every step. */
export function rebase(
  history: History,
  base: Design,
  theirs: Design,
  side?: (clash: Clash) => Side,
): { readonly history: History; readonly merged: Merged } {
  const merged = merge(base, history.present, theirs, side);
  if (!merged.hasTheirs) return { history, merged };
  const through = (step: Design) => merge(base, step, theirs, side).document;
  return {
    merged,
    history: {
      ...history,
      past: history.past.map(through),
      present: merged.document,
      future: history.future.map(through),
    },
  };
}
