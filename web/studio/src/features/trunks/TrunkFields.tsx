/** The fields of a trunk. */

import {
  MultiSelect,
  NumberInput,
  PasswordInput,
  Select,
  SimpleGrid,
  Stack,
  TagsInput,
  TextInput,
} from "@mantine/core";

import { below } from "../../editor/below.ts";
import { SwitchField } from "../../editor/SwitchField.tsx";
import type { Editor } from "../../editor/useEditor.ts";
import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import type { TrunkValues } from "./values.ts";

interface TrunkFieldsProps {
  readonly editor: Editor<TrunkValues>;
  readonly hasPassword: boolean;
}

export function TrunkFields({ editor: { form }, hasPassword }: TrunkFieldsProps) {
  const words = t.trunks;
  /** A number that may be left empty. */
  const optional = (field: "port" | "keepAliveSeconds" | "sessionSeconds") => ({
    ...form.getInputProps(field),
    value: form.values[field] ?? "",
    onChange: (value: string | number) =>
      form.setFieldValue(field, (value === "" ? null : Number(value)) as never),
  });
  return (
    <>
      <Section title={words.connection}>
        <Stack maw={640}>
          <TextInput label={words.name} {...form.getInputProps("name")} />
          <SimpleGrid cols={{ base: 1, sm: 3 }}>
            <TextInput
              label={words.domain}
              {...below(words.domainHint)}
              placeholder="sip.provider.example"
              {...form.getInputProps("domain")}
            />
            <Select
              label={words.transport}
              allowDeselect={false}
              data={(["udp", "tcp", "tls"] as const).map((value) => ({
                value,
                label: value.toUpperCase(),
              }))}
              {...form.getInputProps("transport")}
            />
            <NumberInput
              label={words.port}
              {...below(words.portHint)}
              min={1}
              max={65_535}
              thousandSeparator=""
              {...optional("port")}
            />
          </SimpleGrid>
          <SwitchField
            form={form}
            name="active"
            label={words.active}
            description={words.activeHint}
          />
        </Stack>
      </Section>
      <Section title={words.signIn}>
        <Stack maw={640}>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput label={words.username} {...form.getInputProps("username")} />
            <PasswordInput
              label={words.password}
              {...(hasPassword ? below(words.passwordKept) : {})}
              autoComplete="new-password"
              {...form.getInputProps("password")}
            />
          </SimpleGrid>
          <SwitchField
            form={form}
            name="register"
            label={words.register}
            description={words.registerHint}
          />
        </Stack>
      </Section>
      <Section title={words.identitySection}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} maw={640}>
          <TextInput
            label={words.caller}
            {...below(words.callerHint)}
            {...form.getInputProps("caller")}
          />
          <TextInput label={words.callerName} {...form.getInputProps("callerName")} />
          <TextInput
            label={words.identity}
            {...below(words.identityHint)}
            {...form.getInputProps("assertedIdentity")}
          />
        </SimpleGrid>
      </Section>
      <Section title={words.sound}>
        <Stack maw={640}>
          <MultiSelect
            label={words.codecs}
            {...below(words.codecsHint)}
            data={[
              { value: "opus", label: "Opus" },
              { value: "pcma", label: "G.711 A-law (pcma)" },
              { value: "pcmu", label: "G.711 µ-law (pcmu)" },
            ]}
            {...form.getInputProps("codecs")}
          />
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Select
              label={words.encryption}
              allowDeselect={false}
              data={(["off", "optional", "required"] as const).map((value) => ({
                value,
                label: words.encryptions[value],
              }))}
              {...form.getInputProps("mediaEncryption")}
            />
            <Select
              label={words.latching}
              allowDeselect={false}
              data={(["signalling", "any"] as const).map((value) => ({
                value,
                label: words.latchings[value],
              }))}
              {...form.getInputProps("mediaLatching")}
            />
          </SimpleGrid>
        </Stack>
      </Section>
      <Section title={words.more}>
        <Stack maw={640}>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput
              label={words.proxy}
              placeholder="proxy.example:5060"
              {...form.getInputProps("outboundProxy")}
            />
            <NumberInput
              label={words.keepAlive}
              {...below(words.keepAliveHint)}
              {...optional("keepAliveSeconds")}
            />
            <NumberInput label={words.registerSeconds} {...form.getInputProps("registerSeconds")} />
            <Select
              label={words.registering}
              {...below(words.registeringHint)}
              allowDeselect={false}
              data={(["each", "one"] as const).map((value) => ({
                value,
                label: words.registerings[value],
              }))}
              {...form.getInputProps("registerContacts")}
            />
            <NumberInput label={words.sessionSeconds} {...optional("sessionSeconds")} />
          </SimpleGrid>
          <TagsInput
            label={words.realms}
            {...below(words.realmsHint)}
            {...form.getInputProps("realms")}
          />
          <SwitchField
            form={form}
            name="rewriteContact"
            label={words.rewriteContact}
            description={words.rewriteContactHint}
          />
        </Stack>
      </Section>
    </>
  );
}
