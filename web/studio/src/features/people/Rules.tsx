/** What holds for everybody who signs in: second factors, domains, single sign-on. */

import {
  PasswordInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  TagsInput,
  Text,
  TextInput,
} from "@mantine/core";

import { api, client, queryClient, serverUrl } from "../../api/client.ts";
import type { Role } from "../../api/generated/schema.ts";
import { EditorForm } from "../../editor/EditorForm.tsx";
import { plainPath } from "../../editor/paths.ts";
import { SwitchField } from "../../editor/SwitchField.tsx";
import { type Editor, useEditor } from "../../editor/useEditor.ts";
import { versioned } from "../../editor/versioned.ts";
import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { Rows } from "../../ui/Rows.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Loaded } from "../../ui/states.tsx";
import { ROLES } from "./GrantFields.tsx";
import classes from "./people.module.css";
import { bodyOf, type Rules as RulesView, type RuleValues, valuesOf } from "./rules.ts";

const PATH = "/v1/sign-in-settings";

export default function Rules() {
  const rules = api.useQuery("get", PATH);
  return (
    <Screen title={t.people.rules.title} lead={t.people.rules.lead}>
      <Loaded query={rules} rows={8}>
        {(loaded) => <Form rules={loaded} />}
      </Loaded>
    </Screen>
  );
}

/** The provider's fields stand below `sso` in the request, and beside the others in the form. */
const pathOf = (pointer: string) => plainPath(pointer).replace(/^sso\./, "");

function Form({ rules }: { readonly rules: RulesView }) {
  const editor = useEditor<RuleValues>({
    id: "sign-in-settings",
    value: valuesOf(rules),
    load: () => versioned(client.GET(PATH), valuesOf),
    save: async ({ values, headers }) => {
      await client.PUT(PATH, { body: bodyOf(values), headers });
      await queryClient.invalidateQueries({ queryKey: ["get", PATH] });
    },
    pathOf,
    secrets: ["clientSecret"],
  });
  const { form } = editor;
  const words = t.people.rules;
  return (
    <EditorForm editor={editor} scope="sign-in:write" subject={{ act: "sign_in_settings_updated" }}>
      <Section title={words.title}>
        <Stack maw={520}>
          <SwitchField
            form={form}
            name="requireSecondFactor"
            label={words.requireSecondFactor}
            description={words.requireSecondFactorHint}
          />
          <TagsInput
            label={words.domains}
            description={words.domainsHint}
            placeholder="example.com"
            {...form.getInputProps("allowedEmailDomains")}
          />
        </Stack>
      </Section>
      <Section
        title={words.sso}
        lead={words.ssoLead}
        actions={
          <Switch
            aria-label={words.ssoOn}
            {...form.getInputProps("hasSso", { type: "checkbox" })}
          />
        }
      >
        {form.values.hasSso && <Provider editor={editor} hasSecret={rules.hasClientSecret} />}
      </Section>
    </EditorForm>
  );
}

interface ProviderProps {
  readonly editor: Editor<RuleValues>;
  readonly hasSecret: boolean;
}

function Provider({ editor: { form }, hasSecret }: ProviderProps) {
  const words = t.people.rules;
  return (
    <Stack maw={640}>
      <div>
        <Text fw={500} size="sm" mb={4}>
          {words.redirect}
        </Text>
        <Code text={new URL("v1/sign-in/sso/callback", serverUrl).href} label={words.redirect} />
      </div>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput label={words.name} placeholder="Keycloak" {...form.getInputProps("name")} />
        <TextInput label={words.clientId} {...form.getInputProps("clientId")} />
      </SimpleGrid>
      <TextInput
        label={words.issuer}
        description={words.issuerHint}
        placeholder="https://login.example.com/realms/team"
        {...form.getInputProps("issuer")}
      />
      <PasswordInput
        label={words.clientSecret}
        description={hasSecret ? words.clientSecretKept : undefined}
        autoComplete="new-password"
        {...form.getInputProps("clientSecret")}
      />
      <Select
        label={words.newMembers}
        data={[
          { value: "", label: words.newMembersNone },
          ...ROLES.map((role) => ({
            value: role,
            label: words.newMembersAs(t.people.roles[role][0]),
          })),
        ]}
        allowDeselect={false}
        {...form.getInputProps("newMembers")}
      />
      <SwitchField
        form={form}
        name="mapGroups"
        label={words.mapGroups}
        description={words.mapGroupsHint}
      />
      {form.values.mapGroups && (
        <>
          <TextInput label={words.groupsClaim} maw={240} {...form.getInputProps("groupsClaim")} />
          <Groups editor={{ form }} />
        </>
      )}
      <SwitchField
        form={form}
        name="requireSso"
        label={words.requireSso}
        description={words.requireSsoHint}
      />
    </Stack>
  );
}

function Groups({ editor: { form } }: { readonly editor: Pick<Editor<RuleValues>, "form"> }) {
  const words = t.people.rules;
  return (
    <Stack gap="xs">
      <Rows
        count={form.values.groups.length}
        name={(number) => `${words.group} ${number}`}
        className={classes.group}
        onRemove={(index) => form.removeListItem("groups", index)}
        onAdd={() => form.insertListItem("groups", { group: "", role: "viewer", apps: null })}
      >
        {(index, name) => (
          <>
            <TextInput
              aria-label={name}
              placeholder={words.group}
              {...form.getInputProps(`groups.${index}.group`)}
            />
            <Select
              aria-label={`${name}: ${t.people.role}`}
              allowDeselect={false}
              data={ROLES.map((role: Role) => ({ value: role, label: t.people.roles[role][0] }))}
              {...form.getInputProps(`groups.${index}.role`)}
            />
          </>
        )}
      </Rows>
    </Stack>
  );
}
