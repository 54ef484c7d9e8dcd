/** Something that is asked of the server by a form: whether it is under way, and why it failed. */

import { type FormEvent, useState } from "react";

import { asProblem } from "../api/problem.ts";
import { useRefusal } from "./useRefusal.ts";

export interface Act {
  readonly busy: boolean;
  readonly error: string | null;
  /** For the form: what it is about is done once, and not the browser's own. */
  readonly submit: (event: FormEvent) => Promise<void>;
}

/**
 * What succeeds is expected to take the form away: it stays busy until then. Why it failed is said as long
 * as it would be asked with the same.
 */
export function useAct(
  act: () => Promise<unknown>,
  asked: readonly unknown[] = [],
  inWords: (caught: unknown) => string = (caught) => asProblem(caught).message,
): Act {
  const [error, setError] = useRefusal(...asked);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await act();
    } catch (caught) {
      setError(inWords(caught));
      setBusy(false);
    }
  };
  return { busy, error, submit };
}
