/**
 * The editing of a draft: its history, and bringing it to the server without a word. What others save
 * meanwhile is merged in; where both changed the same part, saving waits for a decision. Time and the
 * network are ports.
 */

import { asProblem, type Problem } from "../../../api/problem.ts";
import { isSame } from "../../../editor/merge.ts";
import type { Design } from "../core/document.ts";
import { begin, edit, type History, rebase, redo, seal, undo } from "../core/history.ts";
import { type Clash, decided, type Side } from "../core/merge.ts";

/** A draft as the server has it, with its version for `If-Match`. */
export interface Saved {
  readonly document: Design;
  readonly revision: string;
}

export interface SessionPorts {
  readonly load: () => Promise<Saved>;
  readonly save: (document: Design, revision: string) => Promise<Saved>;
  /** Runs something later; what comes back takes that back. */
  readonly later: (ms: number, run: () => void) => () => void;
  /** Keeps in this browser what is not saved yet; null: all is. */
  readonly keep: (document: Design | null, base: Design) => void;
  /** Changes of somebody else were merged in. */
  readonly onMerged: () => void;
}

export type Saving =
  | { readonly name: "saved" | "waiting" | "saving" }
  | { readonly name: "failed"; readonly problem: Problem }
  | { readonly name: "clash"; readonly clashes: readonly Clash[]; readonly theirs: Saved };

export interface View {
  readonly history: History;
  readonly saving: Saving;
  /** What the server has, as far as is known here. */
  readonly base: Design;
  readonly revision: string;
}

export interface Session {
  readonly view: () => View;
  readonly subscribe: (listener: () => void) => () => void;
  /** An edit; those with the same `run` in a row are one step. */
  readonly edit: (change: (document: Design) => Design, run?: string) => void;
  readonly seal: () => void;
  readonly undo: () => void;
  readonly redo: () => void;
  /** Saves now; whether the server has all of it then. */
  readonly flush: () => Promise<boolean>;
  /** Looks what others have saved. */
  readonly refresh: () => Promise<void>;
  /** Decides what both changed, in the order of the clashes. */
  readonly resolve: (sides: readonly Side[]) => void;
  readonly close: () => void;
}

/** After the last edit, before it is saved. */
export const QUIET_MS = 900;
/** Between attempts, when the server can't be reached. */
const RETRY_MS = [3_000, 10_000, 30_000] as const;

export function createSession(initial: Saved, ports: SessionPorts): Session {
  let view: View = {
    history: begin(initial.document),
    saving: { name: "saved" },
    base: initial.document,
    revision: initial.revision,
  };
  const listeners = new Set<() => void>();
  let cancel: (() => void) | null = null;
  let running: Promise<void> | null = null;
  let failures = 0;
  let isClosed = false;

  function set(change: Partial<View>): void {
    view = { ...view, ...change };
    for (const tell of listeners) tell();
  }

  const isDirty = () => !isSame(view.history.present, view.base);

  /** Saves what is new once it has been quiet for so long. */
  function settle(ms: number): void {
    cancel?.();
    cancel = null;
    ports.keep(isDirty() ? view.history.present : null, view.base);
    if (view.saving.name === "clash" || isClosed) return;
    if (!isDirty()) {
      if (running === null) set({ saving: { name: "saved" } });
      return;
    }
    if (running === null && view.saving.name !== "failed") set({ saving: { name: "waiting" } });
    cancel = ports.later(ms, () => void saveNow());
  }

  function change(history: History): void {
    if (history === view.history) return;
    const isOther = history.present !== view.history.present;
    if (isOther && view.saving.name === "failed") failures = 0;
    set({ history });
    if (isOther) settle(QUIET_MS);
  }

  function saveNow(): Promise<void> {
    cancel?.();
    cancel = null;
    running ??= attempt().finally(() => {
      running = null;
      if (view.saving.name === "saving") settle(QUIET_MS);
    });
    return running;
  }

  async function attempt(): Promise<void> {
    if (!isDirty() || view.saving.name === "clash") return;
    set({ saving: { name: "saving" } });
    const sent = view.history.present;
    try {
      const saved = await ports.save(sent, view.revision);
      failures = 0;
      // What was typed meanwhile stands on what was sent.
      const { history } = rebase(view.history, sent, saved.document);
      set({ history, base: saved.document, revision: saved.revision });
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status === 412) {
        // Where nothing is new, to save it again would be refused again.
        const takeNew = (theirs: Saved) =>
          theirs.revision === view.revision ? fail(problem) : take(theirs);
        await ports.load().then(takeNew, fail);
      } else {
        fail(problem);
      }
    }
  }

  function fail(error: unknown): void {
    const problem = asProblem(error);
    set({ saving: { name: "failed", problem } });
    const pause = RETRY_MS[failures] ?? RETRY_MS[2];
    failures += 1;
    // What the server refuses is not taken by asking again.
    if (problem.status === 0 || problem.status >= 500) {
      cancel?.();
      cancel = ports.later(pause, () => void saveNow());
    }
  }

  /** Brings in what others have saved. */
  function take(theirs: Saved, side?: (clash: Clash) => Side): void {
    const { history, merged } = rebase(view.history, view.base, theirs.document, side);
    if (side === undefined && merged.clashes.length > 0) {
      set({ saving: { name: "clash", clashes: merged.clashes, theirs } });
      return;
    }
    set({
      history,
      base: theirs.document,
      revision: theirs.revision,
      saving: { name: "saving" },
    });
    if (merged.hasTheirs) ports.onMerged();
    if (running === null) settle(QUIET_MS);
  }

  return {
    view: () => view,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    edit: (next, run) => change(edit(view.history, next(view.history.present), run ?? null)),
    seal: () => change(seal(view.history)),
    undo: () => change(undo(view.history)),
    redo: () => change(redo(view.history)),
    async flush() {
      // What was typed while one save was under way needs another one.
      for (let round = 0; round < 5 && isDirty(); round += 1) {
        await saveNow();
        if (view.saving.name === "failed" || view.saving.name === "clash") return false;
      }
      settle(QUIET_MS);
      return !isDirty();
    },
    async refresh() {
      if (running !== null || view.saving.name === "clash") return;
      const theirs = await ports.load().catch(() => null);
      if (theirs === null || running !== null || theirs.revision === view.revision) return;
      take(theirs);
    },
    resolve(sides) {
      const { saving } = view;
      if (saving.name !== "clash") return;
      take(saving.theirs, decided(saving.clashes, sides));
    },
    close() {
      isClosed = true;
      cancel?.();
      cancel = null;
    },
  };
}
