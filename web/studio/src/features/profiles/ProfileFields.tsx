/** The fields of a profile. */

import {
  NumberInput,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import { useMemo } from "react";

import { api } from "../../api/client.ts";
import type { Editor } from "../../editor/useEditor.ts";
import { t } from "../../texts/index.ts";
import { HeaderPairs } from "../../ui/HeaderPairs.tsx";
import { TextLink } from "../../ui/links.tsx";
import { RowName } from "../../ui/RowName.tsx";
import { Rows, without, withRow } from "../../ui/Rows.tsx";
import { Section } from "../../ui/Section.tsx";
import { viewerZone } from "../../ui/time.ts";
import { useApp } from "../apps/queries.ts";
import { formFields } from "../design/fields/formFields.ts";
import { usePublished } from "../design/usePublished.ts";
import { HoursField } from "../hours/HoursField.tsx";
import { NEW_HOURS } from "../hours/times.ts";
import classes from "./profiles.module.css";
import { useProfiles } from "./queries.ts";
import { TemplateWarning } from "./TemplateWarning.tsx";
import type { KeyRow, ProfileValues } from "./values.ts";

interface ProfileFieldsProps {
  readonly appId: string;
  /** null for a new one. */
  readonly profileId: string | null;
  readonly editor: Editor<ProfileValues>;
}

export function ProfileFields(props: ProfileFieldsProps) {
  const { form } = props.editor;
  const words = t.profiles;
  const isSip = form.values.kind === "sip";
  // Without a design of its own an app takes any field.
  const design = usePublished(props.appId);
  const fields = useMemo(() => (design == null ? null : formFields(design)), [design]);
  return (
    <>
      <Basics {...props} />
      <Section title={words.more}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} maw={640}>
          <NumberInput
            label={words.ring}
            min={5}
            max={300}
            {...form.getInputProps("ringTimeoutSeconds")}
          />
          <NumberInput
            label={words.maxDuration}
            description={words.maxDurationHint}
            inputWrapperOrder={["label", "input", "description", "error"]}
            min={1}
            {...form.getInputProps("maxDurationSeconds")}
            value={form.values.maxDurationSeconds ?? ""}
            onChange={(value) =>
              form.setFieldValue("maxDurationSeconds", value === "" ? null : Number(value))
            }
          />
          <Select
            label={words.codec}
            allowDeselect={false}
            data={(["pass_through", "opus"] as const).map((value) => ({
              value,
              label: words.codecs[value],
            }))}
            {...form.getInputProps("codecPolicy")}
          />
        </SimpleGrid>
      </Section>
      <OwnHours {...props} />
      <Section title={words.keys} lead={words.keysHint}>
        <RoutingKeys {...props} />
      </Section>
      {isSip && (
        <Section title={words.telephone}>
          <Stack maw={640}>
            <div>
              <TextInput
                label={words.callerName}
                description={words.callerNameHint}
                {...form.getInputProps("callerName")}
              />
              <TemplateWarning template={form.values.callerName} fields={fields} />
            </div>
            <HeaderPairs
              words={words}
              pairs={form.values.headers}
              onChange={(pairs) => form.setFieldValue("headers", pairs as never)}
              faults={form.errors}
              warning={(template) => <TemplateWarning template={template} fields={fields} />}
            />
          </Stack>
        </Section>
      )}
    </>
  );
}

function Basics({ appId, profileId, editor: { form } }: ProfileFieldsProps) {
  const words = t.profiles;
  const trunks = api.useQuery("get", "/v1/trunks").data?.items;
  const others = (useProfiles(appId).data?.items ?? []).filter((one) => one.id !== profileId);
  const isSip = form.values.kind === "sip";
  return (
    <Section title={words.basics}>
      <Stack maw={640}>
        <TextInput label={words.name} {...form.getInputProps("name")} />
        <SegmentedControl
          aria-label={words.kind}
          // A phone has no room for both beside each other in one line.
          styles={{ label: { whiteSpace: "normal" } }}
          data={(["sip", "demo"] as const).map((value) => ({ value, label: words.kinds[value] }))}
          {...form.getInputProps("kind")}
        />
        {isSip && (
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <div>
              <Select
                label={words.trunk}
                data={(trunks ?? []).map((trunk) => ({ value: trunk.id, label: trunk.name }))}
                {...form.getInputProps("trunkId")}
              />
              {trunks?.length === 0 && (
                <Text size="sm" c="dimmed" mt={4}>
                  {words.noTrunk}{" "}
                  <TextLink to="/apps/$appId/trunks" params={{ appId }} size="sm">
                    {words.makeTrunk}
                  </TextLink>
                </Text>
              )}
            </div>
            <TextInput
              label={words.to}
              description={words.toHint}
              inputWrapperOrder={["label", "input", "description", "error"]}
              {...form.getInputProps("to")}
            />
          </SimpleGrid>
        )}
        <Select
          label={words.overflow}
          description={words.overflowHint}
          placeholder={words.noOverflow}
          clearable
          data={others.map((profile) => ({ value: profile.id, label: profile.name }))}
          {...form.getInputProps("overflow")}
        />
        <Switch
          label={words.makeDefault}
          description={words.makeDefaultHint}
          {...form.getInputProps("isDefault", { type: "checkbox" })}
        />
      </Stack>
    </Section>
  );
}

function OwnHours({ appId, editor: { form } }: ProfileFieldsProps) {
  const app = useApp(appId).data;
  const { hours } = form.values;
  return (
    <Section
      title={t.hours.own}
      lead={t.hours.ownHint}
      actions={
        <Switch
          aria-label={t.hours.own}
          checked={hours !== null}
          onChange={(event) =>
            form.setFieldValue(
              "hours",
              event.currentTarget.checked ? (app?.hours ?? NEW_HOURS(viewerZone)) : null,
            )
          }
        />
      }
    >
      {hours !== null && (
        <HoursField
          hours={hours}
          onChange={(next) => form.setFieldValue("hours", next)}
          path="hours"
          faults={form.errors}
        />
      )}
    </Section>
  );
}

function RoutingKeys({ appId, profileId, editor: { form } }: ProfileFieldsProps) {
  const words = t.profiles;
  const others = (useProfiles(appId).data?.items ?? []).filter((one) => one.id !== profileId);
  const rows = form.values.routingKeys;
  const names = rows.map(({ key }) => key);
  const set = (next: readonly KeyRow[]) => form.setFieldValue("routingKeys", next as never);
  const change = (row: KeyRow, index: number, patch: Partial<KeyRow>) =>
    set(withRow(rows, index, { ...row, ...patch }));
  return (
    <Stack gap="xs" maw={720}>
      <Rows
        count={rows.length}
        name={(number) => `${words.key} ${number}`}
        className={classes.keys}
        onRemove={(index) => set(without(rows, index))}
        onAdd={() => set([...rows, { key: "", leads: "user", to: "" }])}
      >
        {(index, name) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <>
              <RowName
                aria-label={name}
                placeholder={words.key}
                names={names}
                index={index}
                isUsed={row.to !== ""}
                onChange={(event) => change(row, index, { key: event.currentTarget.value })}
              />
              <Select
                aria-label={`${name}: ${words.leadsTo}`}
                allowDeselect={false}
                data={[
                  { value: "user", label: words.keyUser },
                  { value: "profile", label: words.keyProfile },
                ]}
                value={row.leads}
                onChange={(leads) =>
                  change(row, index, { leads: leads === "profile" ? "profile" : "user", to: "" })
                }
              />
              {row.leads === "user" ? (
                <TextInput
                  aria-label={`${name}: ${words.keyUser}`}
                  placeholder="101"
                  value={row.to}
                  data-path={`routingKeys.${row.key}`}
                  error={form.errors[`routingKeys.${row.key}`]}
                  onChange={(event) => change(row, index, { to: event.currentTarget.value })}
                />
              ) : (
                <Select
                  aria-label={`${name}: ${words.keyProfile}`}
                  data={others.map((profile) => ({ value: profile.id, label: profile.name }))}
                  value={row.to === "" ? null : row.to}
                  data-path={`routingKeys.${row.key}`}
                  error={form.errors[`routingKeys.${row.key}`]}
                  onChange={(to) => change(row, index, { to: to ?? "" })}
                />
              )}
            </>
          );
        }}
      </Rows>
    </Stack>
  );
}
