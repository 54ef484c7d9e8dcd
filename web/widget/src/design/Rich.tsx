/** Words with marks and links. */

import type { design } from "@bellpush/protocol";
import type { Scene } from "./scene.ts";
import { languageFor } from "./words.ts";

export interface RichProps {
  readonly text: { readonly [language: string]: readonly design.Span[] };
  readonly scene: Scene;
  /** For what is described by it. */
  readonly id?: string;
}

export function Rich({ text, scene, id }: RichProps) {
  const { shown, language, t } = scene;
  const own = languageFor(shown.design.languages, language);
  const other = own === t.language ? {} : ({ lang: own, dir: "auto" } as const);
  const spans = text[own] ?? [];
  return (
    // Browsers that translate a page take its words out of it: other words are another element.
    <span key={JSON.stringify(spans)} id={id} {...other}>
      {spans.map((span, index) => (
        <Piece key={index} {...span} />
      ))}
    </span>
  );
}

/** Schemes that a link may have: those that the server takes. */
const LINK = /^(https|mailto|tel):/i;

function Piece({ text, bold, italic, href }: design.Span) {
  let piece = <>{text}</>;
  if (bold) {
    piece = <strong>{piece}</strong>;
  }
  if (italic) {
    piece = <em>{piece}</em>;
  }
  return href && LINK.test(href) ? (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {piece}
    </a>
  ) : (
    piece
  );
}
