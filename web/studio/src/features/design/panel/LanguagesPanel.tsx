/** The design's languages: how much of each is translated, and what is missing. */

import { ActionIcon, Anchor, Button, Group, Progress, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import { t } from "../../../texts/index.ts";
import { placeOf } from "../core/document.ts";
import { addLanguage, removeLanguage, setFirstLanguage } from "../core/operations.ts";
import { progressOf } from "../core/texts.ts";
import { useEditing } from "../editing.ts";
import { canonical, languageName } from "./languages.ts";
import classes from "./panel.module.css";

export default function LanguagesPanel() {
  const { document, language: shown, edit, go } = useEditing();
  const words = t.design.languages;
  const [wanted, setWanted] = useState("");
  const tag = canonical(wanted);
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        {words.lead}
      </Text>
      <ul className={classes.languages}>
        {document.languages.map((language, index) => {
          const { done, all, missing } = progressOf(document, language);
          const [next] = missing;
          return (
            <li
              key={language}
              className={classes.language}
              data-shown={language === shown || undefined}
            >
              <Group justify="space-between" wrap="nowrap">
                <Text fw={600}>
                  {languageName(language)} <code>{language}</code>
                </Text>
                {document.languages.length > 1 && (
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={t.ui.removeWhat(languageName(language))}
                    onClick={() => {
                      edit((present) => removeLanguage(present, language));
                      const rest = document.languages.filter((one) => one !== language);
                      if (language === shown) go({ language: rest[0] });
                    }}
                  >
                    <IconTrash size={15} />
                  </ActionIcon>
                )}
              </Group>
              <Text size="sm" c="dimmed">
                {all === 0 ? words.nothingOwn : words.done(done, all)}
              </Text>
              {all > 0 && (
                <Progress
                  mt={4}
                  size="sm"
                  value={(done / all) * 100}
                  aria-label={words.done(done, all)}
                />
              )}
              <Group gap="sm" mt="xs">
                {language !== shown && (
                  <Anchor
                    component="button"
                    type="button"
                    size="sm"
                    onClick={() => go({ language })}
                  >
                    {words.show}
                  </Anchor>
                )}
                {next !== undefined && (
                  <Anchor
                    component="button"
                    type="button"
                    size="sm"
                    onClick={() => {
                      const place = next.block === null ? null : placeOf(document, next.block);
                      go(
                        place === null || next.block === null
                          ? { language, tab: "theme" }
                          : { ...ofBlock(next.block), language, state: place.state },
                      );
                    }}
                  >
                    {words.next}
                  </Anchor>
                )}
                {index === 0 ? (
                  <Text size="sm" c="dimmed">
                    {words.first}
                  </Text>
                ) : (
                  <Anchor
                    component="button"
                    type="button"
                    size="sm"
                    onClick={() => edit((present) => setFirstLanguage(present, language))}
                  >
                    {words.makeFirst}
                  </Anchor>
                )}
              </Group>
            </li>
          );
        })}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (tag === null) return;
          edit((present) => addLanguage(present, tag));
          go({ language: tag });
          setWanted("");
        }}
      >
        <Group align="flex-end" gap="xs" wrap="nowrap">
          <TextInput
            flex={1}
            label={words.add}
            description={tag === null || wanted === "" ? words.addHint : languageName(tag)}
            value={wanted}
            error={wanted !== "" && tag === null}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
          <Button
            type="submit"
            variant="default"
            disabled={tag === null}
            leftSection={<IconPlus size={15} />}
          >
            {t.ui.add}
          </Button>
        </Group>
      </form>
    </Stack>
  );
}

const ofBlock = (block: string) => ({ block, example: undefined, tab: undefined });
