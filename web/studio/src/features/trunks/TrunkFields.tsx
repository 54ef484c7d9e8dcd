/** The fields of a trunk. */

import {
  MultiSelect,
  NumberInput,
  PasswordInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  TagsInput,
  TextInput,
} from "@mantine/core";

import type { Editor } from "../../editor/useEditor.ts";
import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import type { TrunkValues } from "./values.ts";

interface TrunkFieldsProps {
  readonly editor: Editor<TrunkValues>;
  readonly hasPassword: boolean;
}

/** A field's hint stands below it, so that inputs side by side are on one line. */
const below = { inputWrapperOrder: ["label", "input", "description", "error"] as const };
const hint = (description: string) => ({
  description,
  inputWrapperOrder: [...below.inputWrapperOrder],
});

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
              {...hint(words.domainHint)}
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
              {...hint(words.portHint)}
              min={1}
              max={65_535}
              thousandSeparator=""
              {...optional("port")}
            />
          </SimpleGrid>
          <Switch
            label={words.active}
            description={words.activeHint}
            {...form.getInputProps("active", { type: "checkbox" })}
          />
        </Stack>
      </Section>
      <Section title={words.signIn}>
        <Stack maw={640}>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput label={words.username} {...form.getInputProps("username")} />
            <PasswordInput
              label={words.password}
              {...(hasPassword ? hint(words.passwordKept) : {})}
              autoComplete="new-password"
              {...form.getInputProps("password")}
            />
          </SimpleGrid>
          <Switch
            label={words.register}
            description={words.registerHint}
            {...form.getInputProps("register", { type: "checkbox" })}
          />
        </Stack>
      </Section>
      <Section title={words.identitySection}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} maw={640}>
          <TextInput
            label={words.caller}
            {...hint(words.callerHint)}
            {...form.getInputProps("caller")}
          />
          <TextInput label={words.callerName} {...form.getInputProps("callerName")} />
          <TextInput
            label={words.identity}
            {...hint(words.identityHint)}
            {...form.getInputProps("assertedIdentity")}
          />
        </SimpleGrid>
      </Section>
      <Section title={words.sound}>
        <Stack maw={640}>
          <MultiSelect
            label={words.codecs}
            {...hint(words.codecsHint)}
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
              {...hint(words.keepAliveHint)}
              {...optional("keepAliveSeconds")}
            />
            <NumberInput label={words.registerSeconds} {...form.getInputProps("registerSeconds")} />
            <NumberInput label={words.sessionSeconds} {...optional("sessionSeconds")} />
          </SimpleGrid>
          <TagsInput
            label={words.realms}
            {...hint(words.realmsHint)}
            {...form.getInputProps("realms")}
          />
          <Switch
            label={words.rewriteContact}
            description={words.rewriteContactHint}
            {...form.getInputProps("rewriteContact", { type: "checkbox" })}
          />
        </Stack>
      </Section>
    </>
  );
}
