/** What the server said of what was typed, as long as it is what was typed. */

import { useEffect, useRef, useState } from "react";

import { isSame } from "../editor/merge.ts";

type Refusal = readonly [words: string | null, refuse: (words: string | null) => void];

/**
 * Why a request failed, with a way to say so. It is of what was asked with: once that is something else,
 * nothing is said any more.
 */
export function useRefusal(...asked: readonly unknown[]): Refusal {
  const [said, setSaid] = useState<{ words: string; of: readonly unknown[] } | null>(null);
  const latest = useRef(asked);
  useEffect(() => {
    latest.current = asked;
    if (said !== null && !isSame(said.of, asked)) setSaid(null);
  });
  const isOfThis = said !== null && isSame(said.of, asked);
  const refuse = (words: string | null) =>
    setSaid(words === null ? null : { words, of: latest.current });
  return [isOfThis ? said.words : null, refuse];
}
