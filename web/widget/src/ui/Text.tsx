/**
 * A text that changes. Browsers that translate a page take its text nodes out of it, so that what
 * is written into them later is seen by nobody: here the element goes with its text.
 */

import type { Words } from "../design/words.ts";

export interface TextProps extends Words {
  readonly as?: "span" | "p" | "small";
  readonly class?: string;
}

export function Text({ text, as: Element = "span", ...more }: TextProps) {
  return (
    <Element key={text} {...more}>
      {text}
    </Element>
  );
}
