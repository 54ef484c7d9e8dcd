/** One text of a block in the language that is looked at: the widget's own, or words of the design. */

import type { design } from "@bellpush/protocol";
import { Anchor, Group, Textarea } from "@mantine/core";

import { t } from "../../../texts/index.ts";
import { isRecord } from "../core/document.ts";
import type { Path } from "../core/texts.ts";
import { withOverride, withText, withWords } from "../core/texts.ts";
import { useEditing } from "../editing.ts";
import { WordsWarning } from "./WordsWarning.tsx";

interface TextEditProps {
  /** null: the path is one of the whole document. */
  readonly block: string | null;
  readonly path: Path;
  readonly value: design.Text | null | undefined;
  readonly label: string;
  /** One of the widget's own texts that can stand here. */
  readonly own?: design.TextKey;
}

export function TextEdit({ block, path, value, label, own }: TextEditProps) {
  const { document, language, words, edit, seal } = useEditing();
  const panel = t.design.panel;
  const place = { block, path, rich: false };
  const run = `text ${block ?? ""} ${path.join(" ")} ${language}`;
  const isOwn = isRecord(value);
  const text = isOwn
    ? String(value[language] ?? "")
    : typeof value === "string"
      ? (document.texts[language]?.[value] ?? "")
      : "";
  const first = isOwn ? String(value[document.languages[0] ?? ""] ?? "") : "";
  const write = (next: string) =>
    edit((present) => {
      if (typeof value === "string") return withOverride(present, language, value, next);
      if (isOwn) return withWords(present, place, language, next);
      const blank = Object.fromEntries(present.languages.map((one) => [one, ""]));
      return withText(present, place, { ...blank, [language]: next });
    }, run);
  const writeOwn = () =>
    edit((present) => {
      const said = typeof value === "string" ? (words[value] ?? "") : "";
      const each = present.languages.map((one) => [one, one === language ? said : ""]);
      return withText(present, place, Object.fromEntries(each));
    });
  return (
    <div>
      <Textarea
        label={label}
        autosize
        minRows={1}
        maxRows={6}
        dir="auto"
        lang={language}
        value={text}
        placeholder={typeof value === "string" ? words[value] : first}
        error={isOwn && text.trim() === "" ? panel.missing : undefined}
        onChange={(event) => write(event.currentTarget.value)}
        onBlur={seal}
        data-place={`${block ?? ""}/${path.join("/")}`}
      />
      <WordsWarning name={typeof value === "string" ? value : null} words={text} />
      <Group gap="sm" mt={4}>
        {typeof value === "string" && (
          <Anchor component="button" type="button" size="xs" onClick={writeOwn}>
            {panel.own}
          </Anchor>
        )}
        {typeof value !== "string" && own !== undefined && (
          <Anchor
            component="button"
            type="button"
            size="xs"
            onClick={() => edit((present) => withText(present, place, own))}
          >
            {panel.ownAgain}
          </Anchor>
        )}
      </Group>
    </div>
  );
}
