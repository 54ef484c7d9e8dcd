/** The widget's own texts in other words, in the language that is looked at. */

import { TEXT_KEYS } from "@bellpush/protocol";
import { Stack, Text, Textarea } from "@mantine/core";

import { t } from "../../../texts/index.ts";
import { withOverride } from "../core/texts.ts";
import { unknownKeys } from "../core/words.ts";
import { useEditing } from "../editing.ts";
import { languageName } from "./languages.ts";
import { WordsWarning } from "./WordsWarning.tsx";

export default function WordsPanel() {
  const { document, language } = useEditing();
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {t.design.words.lead(languageName(language))}
      </Text>
      {[...unknownKeys(document, language), ...TEXT_KEYS].map((name) => (
        <Words key={name} name={name} />
      ))}
    </Stack>
  );
}

function Words({ name }: { readonly name: string }) {
  const { document, language, words, edit, seal } = useEditing();
  const text = document.texts[language]?.[name] ?? "";
  return (
    <div>
      <Textarea
        label={<code>{name}</code>}
        autosize
        minRows={1}
        maxRows={4}
        maxLength={500}
        dir="auto"
        lang={language}
        value={text}
        placeholder={words[name]}
        onChange={(event) => {
          const next = event.currentTarget.value;
          edit(
            (present) => withOverride(present, language, name, next),
            `words ${language} ${name}`,
          );
        }}
        onBlur={seal}
      />
      <WordsWarning name={name} words={text} />
    </div>
  );
}
