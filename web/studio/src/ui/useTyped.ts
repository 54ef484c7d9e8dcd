/** A text that is taken once it is complete: when its field is left, or by Enter. */

import { type ChangeEvent, type KeyboardEvent, useEffect, useState } from "react";

/** What an input needs for it. On the way to what one means, each letter would be something else. */
export function useTyped(value: string, take: (typed: string) => void) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const submit = () => {
    if (typed !== value) take(typed);
  };
  return {
    value: typed,
    onChange: (event: ChangeEvent<HTMLInputElement>) => setTyped(event.currentTarget.value),
    onBlur: submit,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Enter") submit();
    },
  };
}
