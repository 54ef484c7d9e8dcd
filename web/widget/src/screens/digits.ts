/** The keys of a telephone, as they are pressed. */

import { useEffect, useState } from "preact/hooks";
import type { Actions } from "../actions.ts";

export const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;

/** Sends the digits typed on the keyboard, whether the keypad is shown or not; returns them all. */
export function useDigits(active: boolean, actions: Actions): [string, (digit: string) => void] {
  const [sent, setSent] = useState("");
  const press = (digit: string) => {
    actions.sendDigit(digit);
    setSent((before) => before + digit);
  };
  useEffect(() => {
    if (!active) {
      return;
    }
    const onKey = (event: KeyboardEvent) => {
      const digit = DIGITS.find((known) => known === event.key);
      // A key that is held down is one key; what is typed into a field or a menu is meant for it.
      const elsewhere =
        event.target instanceof Element && event.target.matches("input, select, textarea");
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
      if (digit !== undefined && plain && !event.repeat && !elsewhere) {
        press(digit);
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [active]);
  return [sent, press];
}
