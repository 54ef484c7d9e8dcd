/** Random edits for property tests. */

import type { design, State } from "@bellpush/protocol";
import fc from "fast-check";

import { type Block, blocksIn, type Design, STATES } from "./document.ts";
import { fieldNames, KINDS, newBlock } from "./kinds.ts";
import * as does from "./operations.ts";
import { allTexts, withOverride, withWords } from "./texts.ts";

/** An edit as numbers, so that it can be made on any document. */
export interface Edit {
  readonly what: number;
  readonly which: number;
  readonly where: number;
  readonly words: string;
}

export const edits = (maxLength = 12) =>
  fc.array(
    fc.record({
      what: fc.nat(12),
      which: fc.nat(200),
      where: fc.nat(200),
      words: fc.string({ minLength: 1, maxLength: 12 }),
    }),
    { maxLength },
  );

export const WORDS = {
  heading: "Heading",
  paragraph: "Text",
  imageAlt: "Picture",
  fieldLabel: "Field",
  consent: "I agree",
  question: "How was it?",
  button: "Button",
};

const pick = <T>(list: readonly T[], number: number): T | undefined => list[number % list.length];
const hex = (number: number) => `#${(number * 83_917).toString(16).padStart(6, "0").slice(-6)}`;

/** Makes an edit; new blocks are named after who makes them. */
export function apply(document: Design, { what, which, where, words }: Edit, who: string): Design {
  const all = STATES.flatMap((state) => blocksIn(document, state));
  const block = pick(all, which);
  const state = pick(STATES, where) as State;
  const id = block?.id ?? "";
  switch (what) {
    case 0:
    case 1: {
      const kind = pick(KINDS, which) ?? "divider";
      const own = `${who}-${which}-${where}`;
      return does.addBlock(
        document,
        state,
        where % 5,
        newBlock(kind, own, document, WORDS, fieldNames(document)),
      );
    }
    case 2:
    case 3:
      return does.moveBlock(document, id, state, where % 7);
    case 4:
      return does.removeBlock(document, id);
    case 5:
      return does.duplicateBlock(document, id, `${who}-copy-${which}-${where}`);
    case 6:
    case 7: {
      const text = pick(allTexts(document), which);
      const language = pick(document.languages, where) ?? "en";
      return text === undefined ? document : withWords(document, text, language, words);
    }
    case 8:
      return does.setColor(document, where % 2 === 0 ? "light" : "dark", "accent", hex(which));
    case 9:
      return does.setCondition(document, id, where % 3 === 0 ? {} : { open: where % 2 === 0 });
    case 10:
      return does.addLanguage(document, pick(["de", "fr", "ar", "pt-BR"], which) ?? "de");
    case 11:
      return does.removeLanguage(document, pick(document.languages, which) ?? "");
    default: {
      const key = pick<design.TextKey>(["idle.title", "ended.title", "form.submit"], which);
      return withOverride(
        document,
        pick(document.languages, where) ?? "en",
        key ?? "idle.title",
        words,
      );
    }
  }
}

export const applyAll = (document: Design, list: readonly Edit[], who: string): Design =>
  list.reduce((present, one) => apply(present, one, who), document);

export const everyBlock = (document: Design): readonly Block[] =>
  STATES.flatMap((state) => blocksIn(document, state));
