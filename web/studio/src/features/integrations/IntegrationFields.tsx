/** The fields of an integration. */

import { EVENT_NAMES } from "@bellpush/protocol";
import {
  Alert,
  Button,
  Group,
  NumberInput,
  PasswordInput,
  Select,
  SimpleGrid,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconShieldLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { client } from "../../api/client.ts";
import { asProblem } from "../../api/problem.ts";
import { SwitchField } from "../../editor/SwitchField.tsx";
import type { Editor } from "../../editor/useEditor.ts";
import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { HeaderPairs } from "../../ui/HeaderPairs.tsx";
import { Section } from "../../ui/Section.tsx";
import { Warning } from "../../ui/Warning.tsx";
import { useApp } from "../apps/queries.ts";
import { ALERT_EVENTS, emittedIn } from "../events/emitted.ts";
import { useEmitted } from "../events/useEmitted.ts";
import { usePresets } from "./queries.ts";
import { type IntegrationValues, leadsElsewhere, namedSecrets } from "./values.ts";

interface FieldsProps {
  readonly editor: Editor<IntegrationValues>;
}

interface SettingsFieldsProps extends FieldsProps {
  readonly appId: string;
  /** What the preset says of its secrets. */
  readonly secretHints: Readonly<Record<string, string>>;
  readonly isNew: boolean;
}

export function SettingsFields({ appId, editor, secretHints, isNew }: SettingsFieldsProps) {
  const { form } = editor;
  const words = t.integrations;
  return (
    <>
      <Section title={words.general}>
        <Stack maw={720}>
          <TextInput label={words.name} {...form.getInputProps("name")} />
          <TextInput
            label={words.url}
            description={words.urlHint}
            classNames={{ input: "mono" }}
            {...form.getInputProps("url")}
          />
          {isNew && <NeededSecrets editor={editor} hints={secretHints} />}
          <div>
            <TagsInput
              label={words.events}
              description={words.eventsHint}
              data={[...EVENT_NAMES, ...ALERT_EVENTS]}
              {...form.getInputProps("events")}
            />
            <UnknownEvents appId={appId} names={form.values.events} />
          </div>
          <HeaderPairs
            words={words}
            pairs={form.values.headers}
            onChange={(pairs) => form.setFieldValue("headers", pairs as never)}
            faults={form.errors}
          />
        </Stack>
      </Section>
      <Section title={words.how}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} maw={720} verticalSpacing="lg">
          <SwitchField
            form={form}
            name="active"
            label={words.active}
            description={words.activeHint}
          />
          <SwitchField
            form={form}
            name="ordered"
            label={words.ordered}
            description={words.orderedHint}
          />
          <SwitchField
            form={form}
            name="includePreviews"
            label={words.previews}
            description={words.previewsHint}
          />
          <NumberInput
            label={words.timeout}
            min={1}
            max={30}
            maw={200}
            {...form.getInputProps("timeoutSeconds")}
          />
        </SimpleGrid>
      </Section>
    </>
  );
}

interface UnknownEventsProps {
  readonly appId: string;
  readonly names: readonly string[];
}

/** Custom events that neither a button nor the app's code emits, as far as can be seen. */
function UnknownEvents({ appId, names }: UnknownEventsProps) {
  const code = useApp(appId).data?.customCode;
  const beside = useEmitted(appId);
  const own = new Set(emittedIn(`${code?.head ?? ""} ${code?.body ?? ""}`));
  const unknown =
    beside === null
      ? []
      : names.filter((one) => !beside.has(one) && !own.has(one) && !ALERT_EVENTS.includes(one));
  return <Warning of={unknown.map(t.integrations.unknownEvent)} />;
}

interface NeededSecretsProps extends FieldsProps {
  readonly hints: Readonly<Record<string, string>>;
}

/** A field for each secret that URL and headers name. */
function NeededSecrets({ editor: { form }, hints }: NeededSecretsProps) {
  const names = namedSecrets(form.values);
  if (names.length === 0) return null;
  const typed = (name: string) => form.values.secrets.find(([one]) => one === name)?.[1] ?? "";
  const set = (name: string, value: string) =>
    form.setFieldValue(
      "secrets",
      names.map((one) => [one, one === name ? value : typed(one)]) as never,
    );
  return (
    <Stack gap="xs">
      <Text fw={500} size="sm">
        {t.integrations.secrets.forNew}
      </Text>
      {names.map((name) => (
        <PasswordInput
          key={name}
          label={<code>{name}</code>}
          description={hints[name]}
          autoComplete="new-password"
          value={typed(name)}
          data-path={`secrets.${name}`}
          error={form.errors[`secrets.${name}`]}
          onChange={(event) => set(name, event.currentTarget.value)}
        />
      ))}
    </Stack>
  );
}

/** When the URL leads elsewhere, the secrets are needed anew. */
export function MovedSecrets({ editor, before }: FieldsProps & { readonly before: string }) {
  const { values } = editor.form;
  if (!leadsElsewhere(before, values.url) || namedSecrets(values).length === 0) return null;
  return (
    <Alert icon={<IconShieldLock size={18} />} color="yellow" title={t.integrations.secrets.moved}>
      <Text size="sm" mb="sm">
        {t.integrations.secrets.movedLead}
      </Text>
      <NeededSecrets editor={editor} hints={{}} />
    </Alert>
  );
}

export function PayloadFields({ editor: { form } }: FieldsProps) {
  const words = t.integrations.payload;
  const presets = usePresets().data?.items ?? [];
  const chosen = presets.find((preset) => preset.preset === form.values.preset);
  const [event, setEvent] = useState("call_ended");
  return (
    <Section title={t.integrations.tabs.payload} lead={words.lead}>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Stack>
          <Select
            label={words.preset}
            allowDeselect={false}
            data={presets.map((preset) => ({ value: preset.preset, label: preset.name }))}
            {...form.getInputProps("preset")}
          />
          {form.values.preset !== "raw" && (
            <>
              <Textarea
                label={words.template}
                description={words.templateHint}
                placeholder={chosen?.template ?? ""}
                autosize
                minRows={8}
                maxRows={24}
                spellCheck={false}
                classNames={{ input: "mono" }}
                {...form.getInputProps("template")}
              />
              {chosen?.template != null && form.values.template === "" && (
                <Group>
                  <Button
                    variant="default"
                    size="xs"
                    onClick={() => form.setFieldValue("template", chosen.template ?? "")}
                  >
                    {words.useTemplate}
                  </Button>
                </Group>
              )}
            </>
          )}
        </Stack>
        <Stack>
          <Select
            label={words.sample}
            allowDeselect={false}
            data={[...EVENT_NAMES, ...ALERT_EVENTS]}
            value={event}
            onChange={(name) => name !== null && setEvent(name)}
          />
          <PayloadPreview
            preset={form.values.preset}
            template={form.values.template}
            event={event}
          />
        </Stack>
      </SimpleGrid>
    </Section>
  );
}

interface PayloadPreviewProps {
  readonly preset: IntegrationValues["preset"];
  readonly template: string;
  readonly event: string;
}

function PayloadPreview(props: PayloadPreviewProps) {
  const [asked] = useDebouncedValue(props, 300, { leading: true });
  const { preset, template, event } = asked;
  const preview = useQuery({
    queryKey: ["payload", preset, template, event],
    queryFn: () =>
      client.POST("/v1/presets/preview", {
        body: { event, payload: { preset, template: template.trim() === "" ? null : template } },
      }),
    retry: false,
    placeholderData: (before) => before,
  });
  const words = t.integrations.payload;
  if (preview.error !== null) {
    return (
      <Alert color="red" title={words.fails} role="status">
        <span className="foreign">{asProblem(preview.error).message}</span>
      </Alert>
    );
  }
  const unknown = preview.data?.data?.unknown ?? [];
  return (
    <>
      <Code text={pretty(preview.data?.data?.body ?? "")} label={words.preview} />
      <Warning of={unknown.length > 0 ? [words.unknown(unknown)] : []} />
    </>
  );
}

export function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
