/** Says under words of a design what visitors would read wrong, before it is published. */

import { t } from "../../../texts/index.ts";
import { Warning } from "../../../ui/Warning.tsx";
import { faultsOfWords } from "../core/words.ts";

interface WordsWarningProps {
  /** The widget's own text that the words stand for; null: they are the design's own. */
  readonly name: string | null;
  readonly words: string;
}

export function WordsWarning({ name, words }: WordsWarningProps) {
  return <Warning of={faultsOfWords(name, words).map((fault) => said(fault.kind, fault.name))} />;
}

function said(kind: ReturnType<typeof faultsOfWords>[number]["kind"], name: string): string {
  const texts = t.design.words;
  switch (kind) {
    case "key":
      return texts.unknownKey(name);
    case "place":
      return texts.unknownPlace(name);
    case "lacks":
      return texts.keeps(name);
  }
}
