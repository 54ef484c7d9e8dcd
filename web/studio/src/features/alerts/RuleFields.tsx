/** The fields of an alert rule: what it watches, when it fires, who is told. */

import { ERROR_CODES } from "@bellpush/protocol";
import {
  Anchor,
  MultiSelect,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  TagsInput,
  Text,
  TextInput,
} from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { api } from "../../api/client.ts";
import { below } from "../../editor/below.ts";
import { SwitchField } from "../../editor/SwitchField.tsx";
import type { Editor } from "../../editor/useEditor.ts";
import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import { useIntegrations } from "../integrations/queries.ts";
import { useTrunks } from "../trunks/queries.ts";
import {
  type AlertRuleValues,
  OF_CALLS,
  OF_INTEGRATIONS,
  SHARES,
  USUAL,
  usualRecovery,
} from "./values.ts";

interface RuleFieldsProps {
  readonly appId: string;
  readonly editor: Editor<AlertRuleValues>;
}

export function RuleFields({ appId, editor }: RuleFieldsProps) {
  return (
    <>
      <Watched appId={appId} editor={editor} />
      <When editor={editor} />
      <Told appId={appId} editor={editor} />
    </>
  );
}

function Watched({ appId, editor: { form } }: RuleFieldsProps) {
  const words = t.alerts;
  const { kind } = form.values;
  return (
    <Section title={words.watched} lead={words.kinds[kind][1]}>
      <Stack maw={640}>
        <TextInput label={words.name} {...form.getInputProps("name")} />
        {kind === "call_errors" && (
          <MultiSelect
            label={words.codes}
            {...below(words.codesHint)}
            data={[...ERROR_CODES]}
            searchable
            clearable
            {...form.getInputProps("errorCodes")}
          />
        )}
        {kind === "trunk_down" && <TrunkField form={form} />}
        {OF_INTEGRATIONS.includes(kind) && <IntegrationField appId={appId} form={form} />}
        {OF_CALLS.includes(kind) && (
          <SwitchField
            form={form}
            name="includePreviews"
            label={words.previews}
            description={words.previewsHint}
          />
        )}
        <SwitchField
          form={form}
          name="active"
          label={words.active}
          description={words.activeHint}
        />
      </Stack>
    </Section>
  );
}

type Form = Editor<AlertRuleValues>["form"];

function TrunkField({ form }: { readonly form: Form }) {
  const trunks = useTrunks().data?.items ?? [];
  return (
    <Select
      label={t.alerts.trunk}
      placeholder={t.alerts.anyTrunk}
      clearable
      data={trunks.map((trunk) => ({ value: trunk.id, label: trunk.name }))}
      {...form.getInputProps("trunkId")}
    />
  );
}

function IntegrationField({ appId, form }: { readonly appId: string; readonly form: Form }) {
  const integrations = useIntegrations(appId).data?.items ?? [];
  return (
    <Select
      label={t.alerts.integration}
      placeholder={t.alerts.anyIntegration}
      clearable
      data={integrations.map((one) => ({ value: one.id, label: one.name }))}
      {...form.getInputProps("integrationId")}
    />
  );
}

function When({ editor: { form } }: Pick<RuleFieldsProps, "editor">) {
  const words = t.alerts;
  const { kind } = form.values;
  const usual = USUAL[kind];
  /** A number that may be left empty. */
  const optional = (field: "threshold" | "recoveryThreshold") => ({
    ...form.getInputProps(field),
    value: form.values[field] ?? "",
    onChange: (value: string | number) =>
      form.setFieldValue(field, (value === "" ? null : Number(value)) as never),
  });
  const suffix = SHARES.includes(kind) ? " %" : undefined;
  return (
    <Section title={words.when}>
      <SimpleGrid cols={{ base: 1, sm: 2 }} maw={640}>
        {usual !== undefined && (
          <>
            <NumberInput
              label={words.lines[kind]?.[0]}
              {...below(words.usual(String(usual[0])))}
              placeholder={String(usual[0])}
              min={1}
              suffix={suffix}
              {...optional("threshold")}
            />
            <NumberInput
              label={words.lines[kind]?.[1]}
              {...below(words.recoveryHint)}
              placeholder={String(usualRecovery(form.values))}
              min={1}
              suffix={suffix}
              {...optional("recoveryThreshold")}
            />
          </>
        )}
        {OF_CALLS.includes(kind) && (
          <NumberInput
            label={words.window}
            {...below(words.windowHint)}
            min={5}
            max={1_440}
            {...form.getInputProps("windowMinutes")}
          />
        )}
        {SHARES.includes(kind) && (
          <NumberInput
            label={words.sample}
            {...below(words.sampleHint)}
            min={1}
            {...form.getInputProps("minSample")}
          />
        )}
        <NumberInput
          label={words.hold}
          {...below(words.holdHint)}
          min={0}
          max={1_440}
          {...form.getInputProps("holdMinutes")}
        />
        <NumberInput
          label={words.recovery}
          {...below(words.recoveryMinutesHint)}
          min={1}
          max={1_440}
          {...form.getInputProps("recoveryMinutes")}
        />
      </SimpleGrid>
    </Section>
  );
}

function Told({ appId, editor: { form } }: RuleFieldsProps) {
  const words = t.alerts;
  const mail = api.useQuery("get", "/v1/system").data?.mail;
  const integrations = useIntegrations(appId).data?.items ?? [];
  const told = integrations.filter(
    (one) => one.active !== false && one.events?.includes("alert_fired"),
  );
  return (
    <Section title={words.told} lead={words.toldLead}>
      <Stack maw={640}>
        <div>
          <Text fw={500} size="sm">
            {t.frame.pages.integrations}
          </Text>
          <Text size="sm" className="foreign">
            {told.length === 0 ? words.noIntegration : told.map((one) => one.name).join(", ")}
          </Text>
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link to="/apps/$appId/integrations" params={{ appId }} {...props} />
            )}
          >
            {words.chooseIntegration}
          </Anchor>
        </div>
        <TagsInput
          label={words.emails}
          {...below(mail === false ? words.noMail : words.emailsHint)}
          maxTags={10}
          acceptValueOnBlur
          {...form.getInputProps("emails")}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput
            label={words.quietFrom}
            type="time"
            {...below(words.quietHint)}
            {...form.getInputProps("quietFrom")}
          />
          <TextInput label={words.quietTo} type="time" {...form.getInputProps("quietTo")} />
        </SimpleGrid>
      </Stack>
    </Section>
  );
}
