import { useEffect, useState } from "preact/hooks";
import type { Actions } from "../actions.ts";
import type { Texts } from "../i18n/index.ts";

const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;

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
      if (digit !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
        press(digit);
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [active]);
  return [sent, press];
}

export interface KeypadProps {
  readonly sent: string;
  readonly t: Texts;
  readonly onPress: (digit: string) => void;
}

export function Keypad({ sent, t, onPress }: KeypadProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms; these are keys.
    <div class="bp-keypad" role="group" aria-label={t.calling.keypad}>
      <output class="bp-digits">{sent.slice(-16)}</output>
      {DIGITS.map((digit) => (
        <button
          key={digit}
          type="button"
          class="bp-key"
          aria-label={t.calling.digit(digit)}
          onClick={() => onPress(digit)}
        >
          {digit}
        </button>
      ))}
    </div>
  );
}
