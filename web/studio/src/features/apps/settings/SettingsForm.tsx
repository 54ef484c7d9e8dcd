/** Name, sites, language and limits of an app. */

import {
  ActionIcon,
  Button,
  Group,
  NumberInput,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";

import type { AppSettings, AppView } from "../../../api/generated/schema.ts";
import { EditorForm } from "../../../editor/EditorForm.tsx";
import { useEditor } from "../../../editor/useEditor.ts";
import { t } from "../../../texts/index.ts";
import { Section } from "../../../ui/Section.tsx";
import { originOf } from "../create.ts";
import { loadSettings, saveSettings } from "../queries.ts";

type Values = Required<
  Pick<
    AppSettings,
    "name" | "allowedOrigins" | "language" | "maxCalls" | "resumeSeconds" | "challenge"
  >
>;

const pick = (app: AppView): Values => ({
  name: app.name,
  allowedOrigins: app.allowedOrigins ?? [],
  language: app.language ?? "en",
  maxCalls: app.maxCalls ?? null,
  resumeSeconds: app.resumeSeconds ?? 8,
  challenge: app.challenge ?? "auto",
});

const NAMES = {
  name: t.apps.name,
  allowedOrigins: t.apps.settings.access,
  language: t.apps.settings.language,
  maxCalls: t.apps.settings.maxCalls,
  resumeSeconds: t.apps.settings.resume,
  challenge: t.apps.settings.challenge,
};

export function SettingsForm({ app }: { readonly app: AppView }) {
  const editor = useEditor<Values>({
    id: `app-${app.id}`,
    value: pick(app),
    load: () => loadSettings(app.id, pick),
    save: ({ changes, headers }) => saveSettings(app.id, changes, headers),
  });
  const { form } = editor;
  const words = t.apps.settings;
  return (
    <EditorForm
      editor={editor}
      scope="settings:write"
      appId={app.id}
      names={NAMES}
      subject={{ appId: app.id, of: "settings" }}
    >
      <Section title={words.general}>
        <Stack maw={520}>
          <TextInput
            label={t.apps.name}
            description={t.apps.nameHint}
            {...form.getInputProps("name")}
          />
          <TextInput
            label={words.language}
            description={words.languageHint}
            {...form.getInputProps("language")}
          />
        </Stack>
      </Section>
      <Section title={words.access} lead={words.accessLead}>
        <Stack gap="xs" maw={520}>
          {form.values.allowedOrigins.length === 0 && <Text c="dimmed">{words.noOrigins}</Text>}
          {form.values.allowedOrigins.map((_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: what is typed into a row must not move it
            <Group key={index} gap="xs" wrap="nowrap" align="flex-start">
              <TextInput
                flex={1}
                aria-label={words.origin(index + 1)}
                placeholder="https://shop.example"
                {...form.getInputProps(`allowedOrigins.${index}`)}
                onBlur={(event) =>
                  form.setFieldValue(`allowedOrigins.${index}`, originOf(event.currentTarget.value))
                }
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                size={34}
                aria-label={t.ui.removeWhat(words.origin(index + 1))}
                onClick={() => form.removeListItem("allowedOrigins", index)}
              >
                <IconTrash size={17} stroke={1.6} />
              </ActionIcon>
            </Group>
          ))}
          <Group>
            <Button
              variant="default"
              leftSection={<IconPlus size={16} />}
              onClick={() => form.insertListItem("allowedOrigins", "")}
            >
              {words.addOrigin}
            </Button>
          </Group>
        </Stack>
      </Section>
      <Section title={words.limits}>
        <Stack maw={520}>
          <NumberInput
            label={words.maxCalls}
            description={words.maxCallsHint}
            min={1}
            {...form.getInputProps("maxCalls")}
            value={form.values.maxCalls ?? ""}
            onChange={(value) =>
              form.setFieldValue("maxCalls", value === "" ? null : Number(value))
            }
          />
          <NumberInput
            label={words.resume}
            description={words.resumeHint}
            min={0}
            {...form.getInputProps("resumeSeconds")}
          />
          <Select
            label={words.challenge}
            description={words.challengeHint}
            allowDeselect={false}
            data={(["auto", "on", "off"] as const).map((value) => ({
              value,
              label: words.challenges[value],
            }))}
            {...form.getInputProps("challenge")}
          />
        </Stack>
      </Section>
    </EditorForm>
  );
}
