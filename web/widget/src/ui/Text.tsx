/**
 * A text that changes. Browsers that translate a page take its text nodes out of it, so that what
 * is written into them later is seen by nobody: here the element goes with its text.
 */

export interface TextProps {
  readonly text: string;
  readonly as?: "span" | "p" | "small";
  readonly class?: string;
}

export function Text({ text, as: Element = "span", class: name }: TextProps) {
  return (
    <Element key={text} class={name}>
      {text}
    </Element>
  );
}
