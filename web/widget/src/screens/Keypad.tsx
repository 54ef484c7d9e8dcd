import type { Texts } from "../i18n/index.ts";
import { Text } from "../ui/Text.tsx";
import { DIGITS } from "./digits.ts";

export interface KeypadProps {
  readonly sent: string;
  readonly t: Texts;
  readonly onPress: (digit: string) => void;
}

function nameOf(digit: string, t: Texts): string {
  switch (digit) {
    case "*":
      return t.calling.star;
    case "#":
      return t.calling.hash;
    default:
      return digit;
  }
}

export function Keypad({ sent, t, onPress }: KeypadProps) {
  return (
    // From left to right: telephones have 1 on the left in every language.
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms; these are keys.
    <div dir="ltr" class="bp-keypad" role="group" aria-label={t.calling.keypad}>
      <output class="bp-digits">
        <Text text={sent.slice(-16)} />
      </output>
      {DIGITS.map((digit) => (
        <button
          key={digit}
          type="button"
          class="bp-key"
          aria-label={nameOf(digit, t)}
          onClick={() => onPress(digit)}
        >
          {digit}
        </button>
      ))}
    </div>
  );
}
