/** The widget's own texts in other words, in the language that is looked at. */

import { TEXT_KEYS } from "@bellpush/protocol";
import { Stack, Text, Textarea } from "@mantine/core";

import { t } from "../../../texts/index.ts";
import { withOverride } from "../core/texts.ts";
import { useEditing } from "../editing.ts";
import { languageName } from "./languages.ts";

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  "closed.opens": "{moment}",
  "ended.duration": "{time}",
};

export default function WordsPanel() {
  const { document, language, words, edit, seal } = useEditing();
  const own = document.texts[language] ?? {};
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {t.design.words.lead(languageName(language))}
      </Text>
      {TEXT_KEYS.map((key) => {
        const text = own[key] ?? "";
        const placeholder = PLACEHOLDERS[key];
        const lacks = placeholder !== undefined && text !== "" && !text.includes(placeholder);
        return (
          <Textarea
            key={key}
            label={<code>{key}</code>}
            autosize
            minRows={1}
            maxRows={4}
            maxLength={500}
            dir="auto"
            lang={language}
            value={text}
            placeholder={words[key]}
            error={lacks ? t.design.words.keeps(placeholder) : undefined}
            onChange={(event) => {
              const next = event.currentTarget.value;
              edit(
                (present) => withOverride(present, language, key, next),
                `words ${language} ${key}`,
              );
            }}
            onBlur={seal}
          />
        );
      })}
    </Stack>
  );
}
