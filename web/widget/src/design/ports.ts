/** What the parts of a design ask of the widget around them. */

import type { Scope } from "../attempts.ts";
import type { Shown } from "./scene.ts";

export interface ExtrasPorts {
  /** The origin of a page that may show its work in this preview; null in all others. */
  readonly designer: string | null;
  readonly shown: () => Shown;
  /** Shows another design from now on. */
  readonly replace: (shown: Shown) => void;
  readonly draw: () => void;
  /** The page's session, with what is told by it. */
  readonly scope: () => Scope;
  /** The call that the state is about. */
  readonly callId: () => string | null;
  readonly fetch: typeof globalThis.fetch;
  readonly warn: (sentence: string) => void;
}
