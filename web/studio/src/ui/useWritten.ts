/** What is typed for a value, where much of what one types on the way is none. */

import { useState } from "react";

import { isSame } from "../editor/merge.ts";

/** How a value is written, and read; null: what is written is none, as yet. */
interface Writing<T, W> {
  readonly write: (value: T) => W;
  readonly read: (written: W) => T | null;
}

/**
 * As it was typed, for as long as that means the value. When the value becomes another one from elsewhere
 * (undone, by somebody else, of another row), that is what is written.
 */
export function useWritten<T, W>(value: T, { write, read }: Writing<T, W>) {
  const [written, setWritten] = useState(() => write(value));
  const [seen, setSeen] = useState(value);
  if (!isSame(seen, value)) {
    setSeen(value);
    if (!isSame(read(written), value)) setWritten(write(value));
  }
  return [written, setWritten] as const;
}
