/** An integration's secrets: set and replaced, and read back only when asked for. */

import { Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";

import { api, client, queryClient } from "../../api/client.ts";
import type { SecretView } from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { Confirm } from "../../ui/Confirm.tsx";
import { Modal } from "../../ui/dialogs.tsx";
import { DataTable } from "../../ui/list/DataTable.tsx";
import { done } from "../../ui/notify.ts";
import { Section } from "../../ui/Section.tsx";
import { Loaded } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { useRefusal } from "../../ui/useRefusal.ts";
import { Permitted } from "../people/Permitted.tsx";
import { Reveal } from "./Reveal.tsx";

interface SecretsProps {
  readonly appId: string;
  readonly integrationId: string;
}

const LIST = "/v1/apps/{appId}/integrations/{integrationId}/secrets";
const ONE = "/v1/apps/{appId}/integrations/{integrationId}/secrets/{secretName}";

type Open = { readonly kind: "set" | "reveal" | "delete"; readonly name: string };

export function Secrets({ appId, integrationId }: SecretsProps) {
  const path = { appId, integrationId };
  const secrets = api.useQuery("get", LIST, { params: { path } });
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const refresh = () => queryClient.invalidateQueries({ queryKey: ["get", LIST] });
  const words = t.integrations.secrets;
  const button = (kind: Open["kind"], label: string) => (secret: SecretView) => (
    <Permitted scope={kind === "reveal" ? "secrets:read" : "secrets:write"} appId={appId}>
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => setOpen({ kind, name: secret.name })}
        aria-label={`${label} ${secret.name}`}
      >
        {label}
      </Button>
    </Permitted>
  );
  const [replace, reveal, remove] = [
    button("set", words.replace),
    button("reveal", words.reveal),
    button("delete", t.ui.delete),
  ];
  return (
    <Section
      title={t.integrations.tabs.secrets}
      lead={words.lead}
      flush
      actions={
        <Permitted scope="secrets:write" appId={appId}>
          <Button
            variant="default"
            leftSection={<IconPlus size={16} />}
            onClick={() => setOpen({ kind: "set", name: "" })}
          >
            {words.add}
          </Button>
        </Permitted>
      }
    >
      <Loaded query={secrets} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Text c="dimmed" p="lg">
              {words.none}
            </Text>
          ) : (
            <DataTable
              label={t.integrations.tabs.secrets}
              rows={items}
              rowKey={(secret) => secret.name}
              columns={[
                {
                  id: "name",
                  header: words.name,
                  title: true,
                  cell: (secret) => <code>{secret.name}</code>,
                },
                {
                  id: "at",
                  header: words.updated,
                  cell: (secret) => <Time value={secret.updatedAt} />,
                },
                {
                  id: "acts",
                  header: "",
                  end: true,
                  cell: (secret) => (
                    <Group gap="xs" justify="flex-end" wrap="nowrap">
                      {replace(secret)}
                      {reveal(secret)}
                      {remove(secret)}
                    </Group>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {open?.kind === "set" && (
        <SetSecret
          name={open.name}
          onClose={close}
          onSet={async (secretName, value) => {
            await client.PUT(ONE, { params: { path: { ...path, secretName } }, body: { value } });
            await refresh();
            done(words.isSet);
          }}
        />
      )}
      {open?.kind === "reveal" && (
        <Reveal
          title={open.name}
          lead={words.revealLead}
          onClose={close}
          read={async () => {
            const { data } = await client.POST(`${ONE}/reveal`, {
              params: { path: { ...path, secretName: open.name } },
            });
            return data?.value ?? "";
          }}
        />
      )}
      {open?.kind === "delete" && (
        <Confirm
          title={words.delete}
          act={words.delete}
          onClose={close}
          onConfirm={async () => {
            await client.DELETE(ONE, { params: { path: { ...path, secretName: open.name } } });
            await refresh();
          }}
        >
          <Text>{words.deleteLead}</Text>
          <Code text={open.name} label={words.name} />
        </Confirm>
      )}
    </Section>
  );
}

interface SetSecretProps {
  /** Empty for a new one. */
  readonly name: string;
  readonly onSet: (name: string, value: string) => Promise<void>;
  readonly onClose: () => void;
}

function SetSecret({ name: present, onSet, onClose }: SetSecretProps) {
  const [name, setName] = useState(present);
  const [value, setValue] = useState("");
  const [error, setError] = useRefusal(name, value);
  const [busy, setBusy] = useState(false);
  const words = t.integrations.secrets;
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await onSet(name.trim(), value);
      onClose();
    } catch (caught) {
      setError(asProblem(caught).message);
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={present === "" ? words.add : `${words.replace}: ${present}`}
    >
      <form onSubmit={submit}>
        <Stack>
          {present === "" && (
            <TextInput
              label={words.name}
              description={words.nameHint}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              data-autofocus
            />
          )}
          <PasswordInput
            label={words.value}
            value={value}
            onChange={(event) => setValue(event.currentTarget.value)}
            error={error}
            autoComplete="new-password"
            data-autofocus={present !== "" || undefined}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t.ui.cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={name.trim() === "" || value === ""}>
              {words.set}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
