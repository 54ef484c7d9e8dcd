/** What the parts of the designer share: the document, how it is changed, and what is looked at. */

import type { State } from "@bellpush/protocol";
import { createContext, useContext } from "react";

import type { Design } from "./core/document.ts";
import type { WidgetWords } from "./names.ts";
import type { DesignSearch } from "./search.ts";

export interface EditingContext {
  readonly appId: string;
  readonly document: Design;
  readonly state: State;
  readonly language: string;
  readonly words: WidgetWords;
  /** An edit; those with the same `run` in a row are one step. */
  readonly edit: (change: (document: Design) => Design, run?: string) => void;
  readonly undo: () => void;
  readonly redo: () => void;
  /** The next edit is a step of its own. */
  readonly seal: () => void;
  /** Goes to another block, state or language, by the address. */
  readonly go: (change: Partial<DesignSearch>) => void;
}

const Editing = createContext<EditingContext | null>(null);

export const EditingProvider = Editing.Provider;

export function useEditing(): EditingContext {
  const context = useContext(Editing);
  if (context === null) throw new Error("a part of the designer stands outside of it");
  return context;
}
