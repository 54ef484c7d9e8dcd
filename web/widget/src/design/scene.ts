/** What is drawn, and what of it depends on whom it is drawn for. */

import type { Context, design, WidgetConfig } from "@bellpush/protocol";
import type { ComponentType, JSX } from "preact";
import type { Actions } from "../actions.ts";
import type { Texts } from "../i18n/index.ts";
import type { CallState } from "../state.ts";

/** A design with what the server says of it. */
export type Shown = Pick<WidgetConfig, "design" | "designVersion" | "consentHashes">;

export interface BlockProps<T extends design.Block["type"] = design.Block["type"]> {
  readonly block: design.Block & { readonly type: T };
  readonly scene: Scene;
}

/** What only some designs need. */
export interface Extras {
  /** Whether a block's condition holds. */
  isShown(block: design.Block, scene: Scene): boolean;
  /** What stands above everything; null for the state's own sign, false for nothing. */
  sign(scene: Scene): JSX.Element | false | null;
  /** The state that is looked at: a designer may want to see another one. */
  display(state: CallState): CallState;
  readonly Extra: ComponentType<BlockProps>;
}

/** What only states after the first one need. */
export interface Later {
  readonly Again: ComponentType<BlockProps<"call">>;
  explain(state: CallState & { name: "error" }, t: Texts): string;
}

/** All that a block is drawn from. */
export interface Scene {
  readonly state: CallState;
  readonly shown: Shown;
  readonly t: Texts;
  /** The visitor's language, as a tag. */
  readonly language: string;
  readonly context: Context;
  /** Whether calls are taken. */
  readonly open: boolean;
  /** When they are again; null while they are, or when that is not known. */
  readonly opensAt: number | null;
  readonly actions: Actions;
  /** Milliseconds, by a clock that only goes forward. */
  readonly now: () => number;
  /** Milliseconds since the Unix epoch. */
  readonly epoch: () => number;
  /** null until they are loaded, and for designs that need none. */
  readonly extras: Extras | null;
  /** null until they are loaded. */
  readonly later: Later | null;
}

/** What is shown while the visitor is in a call in another tab; the texts are the widget's alone. */
const ELSEWHERE = [
  { type: "heading", text: "elsewhere.title" },
  { type: "paragraph", text: "elsewhere.text" },
  { type: "call", label: "elsewhere.call" },
] as unknown as readonly design.Block[];

export function isElsewhere(state: CallState): boolean {
  return "elsewhere" in state && state.elsewhere;
}

/** The blocks of the present state that are shown. */
export function blocksOf(scene: Scene): readonly design.Block[] {
  const { state, shown } = scene;
  const blocks = isElsewhere(state) ? ELSEWHERE : shown.design.states[state.name];
  return blocks.filter((block) => scene.extras?.isShown(block, scene) ?? !block.when);
}
