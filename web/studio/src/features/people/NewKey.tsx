/** A new API key: its scopes are chosen resource by resource, never beyond one's own. */

import { Button, Group, Stack, Table, Text, TextInput } from "@mantine/core";
import { useState } from "react";

import { client } from "../../api/client.ts";
import type { Me } from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { Modal } from "../../ui/dialogs.tsx";
import { useRefusal } from "../../ui/useRefusal.ts";
import { useApps } from "../apps/queries.ts";
import { AppsField } from "./GrantFields.tsx";
import classes from "./people.module.css";
import { refreshPeople, useMe } from "./queries.ts";

type Access = "none" | "read" | "write";

/** What somebody may at most, by resource. */
function resourcesOf(me: Me | undefined): readonly (readonly [string, readonly Access[]])[] {
  const scopes = [...(me?.permissions ?? []), ...(me?.appPermissions ?? [])];
  const resources = [...new Set(scopes.map((scope) => scope.split(":")[0] ?? ""))].sort();
  return resources.map((resource) => [
    resource,
    (["none", "read", "write"] as const).filter(
      (access) => access === "none" || scopes.includes(`${resource}:${access}`),
    ),
  ]);
}

export function NewKey({ onClose }: { readonly onClose: () => void }) {
  const me = useMe().data;
  const all = useApps().data?.items ?? [];
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<Readonly<Record<string, Access>>>({});
  const [apps, setApps] = useState<readonly string[]>([]);
  const [expires, setExpires] = useState("");
  const [error, setError] = useRefusal(name, chosen, apps, expires);
  const [key, setKey] = useState<string | null>(null);
  const words = t.people.keys;
  const scopes = scopesOf(chosen);
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    setError(null);
    try {
      const { data } = await client.POST("/v1/api-keys", {
        body: {
          name,
          scopes: [...scopes],
          apps: apps.length === 0 ? null : [...apps],
          expiresAt: expires === "" ? null : new Date(`${expires}T23:59:59`).toISOString(),
        },
      });
      await refreshPeople();
      setKey(data?.key ?? "");
    } catch (caught) {
      setError(asProblem(caught).message);
    }
  };
  if (key !== null) {
    return (
      <Modal opened onClose={onClose} title={words.createdTitle} withCloseButton={false}>
        <Stack>
          <Text>{words.createdLead}</Text>
          <Code text={key} label={words.createdTitle} />
          <Group justify="flex-end">
            <Button onClick={onClose}>{words.done}</Button>
          </Group>
        </Stack>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={onClose} title={words.create} size="lg">
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label={t.people.name}
            description={words.nameHint}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          <div>
            <Text fw={500} size="sm">
              {words.scopes}
            </Text>
            <Text c="dimmed" size="xs" mb="xs">
              {words.scopesHint}
            </Text>
            <Table className={classes.scopes}>
              <Table.Tbody>
                {resourcesOf(me).map(([resource, possible]) => (
                  <Table.Tr key={resource}>
                    <Table.Th scope="row" fw={400}>
                      <code>{resource}</code>
                    </Table.Th>
                    <Table.Td>
                      <Choice
                        resource={resource}
                        possible={possible}
                        value={chosen[resource] ?? "none"}
                        onChange={(access) => setChosen({ ...chosen, [resource]: access })}
                      />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
          <AppsField apps={apps} all={all} onChange={setApps} />
          <TextInput
            type="date"
            label={words.expires}
            description={words.expiresHint}
            max="9999-12-31"
            value={expires}
            onChange={(event) => setExpires(event.currentTarget.value)}
          />
          {error !== null && (
            <Text c="var(--studio-bad)" role="alert" className="foreign">
              {error}
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t.ui.cancel}
            </Button>
            <Button type="submit" disabled={name.trim() === "" || scopes.length === 0}>
              {words.create}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Who writes reads, too. */
const scopesOf = (chosen: Readonly<Record<string, Access>>): readonly string[] =>
  Object.entries(chosen).flatMap(([resource, access]) =>
    access === "none"
      ? []
      : access === "read"
        ? [`${resource}:read`]
        : [`${resource}:read`, `${resource}:write`],
  );

interface ChoiceProps {
  readonly resource: string;
  readonly possible: readonly Access[];
  readonly value: Access;
  readonly onChange: (access: Access) => void;
}

function Choice({ resource, possible, value, onChange }: ChoiceProps) {
  return (
    <select
      className={classes.choice}
      aria-label={resource}
      value={value}
      onChange={(event) =>
        onChange(possible.find((access) => access === event.currentTarget.value) ?? "none")
      }
    >
      {possible.map((access) => (
        <option key={access} value={access}>
          {t.people.keys.access[access]}
        </option>
      ))}
    </select>
  );
}
