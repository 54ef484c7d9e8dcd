/** One's own account: name, password, browsers that are signed in. */

import { Badge, Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";

import { api, client } from "../../../api/client.ts";
import type { Me, SignInView } from "../../../api/generated/schema.ts";
import { asProblem } from "../../../api/problem.ts";
import { t } from "../../../texts/index.ts";
import { Facts } from "../../../ui/Facts.tsx";
import { DataTable } from "../../../ui/list/DataTable.tsx";
import { done, failed } from "../../../ui/notify.ts";
import { Screen } from "../../../ui/Screen.tsx";
import { Section } from "../../../ui/Section.tsx";
import { Loaded } from "../../../ui/states.tsx";
import { Time } from "../../../ui/Time.tsx";
import { useRefusal } from "../../../ui/useRefusal.ts";
import { refreshPeople, useMe } from "../queries.ts";
import { SecondFactors } from "./SecondFactors.tsx";

export default function Account() {
  const me = useMe();
  return (
    <Screen title={t.people.account.title}>
      <Loaded query={me}>
        {(loaded) => (
          <>
            <You me={loaded} />
            {loaded.hasPassword && <Password />}
            <SecondFactors />
            <Browsers />
          </>
        )}
      </Loaded>
    </Screen>
  );
}

function You({ me }: { readonly me: Me }) {
  const [name, setName] = useState(me.name);
  const [error, setError] = useRefusal(name);
  const words = t.people.account;
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    try {
      await client.PATCH("/v1/me", { body: { name } });
      await refreshPeople();
      setError(null);
      done(words.saved);
    } catch (caught) {
      setError(asProblem(caught).message);
    }
  };
  return (
    <Section title={words.you}>
      <form onSubmit={submit}>
        <Stack maw={420}>
          <TextInput
            label={t.people.name}
            value={name}
            error={error}
            autoComplete="name"
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Facts
            of={[
              [t.people.email, me.email],
              [t.people.role, me.role == null ? null : t.people.roles[me.role][0]],
            ]}
          />
          <Group>
            <Button type="submit" variant="default" disabled={name === me.name}>
              {words.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

function Password() {
  const [password, setPassword] = useState("");
  const [error, setError] = useRefusal(password);
  const [busy, setBusy] = useState(false);
  const words = t.people.account;
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await client.PUT("/v1/me/password", { body: { password } });
      setPassword("");
      await refreshPeople();
      done(words.changed);
    } catch (caught) {
      setError(asProblem(caught).message);
    }
    setBusy(false);
  };
  return (
    <Section title={words.passwordTitle} lead={words.passwordLead}>
      <form onSubmit={submit}>
        <Stack maw={420}>
          <PasswordInput
            label={words.newPassword}
            description={t.people.passwordHint}
            value={password}
            error={error}
            autoComplete="new-password"
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Group>
            <Button type="submit" variant="default" loading={busy} disabled={password === ""}>
              {words.change}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

function Browsers() {
  const signIns = api.useQuery("get", "/v1/me/sign-ins");
  const words = t.people.account;
  const ended = { onSuccess: () => refreshPeople().then(() => done(words.ended)), onError: failed };
  const end = api.useMutation("delete", "/v1/me/sign-ins/{signInId}", ended);
  const endAll = api.useMutation("delete", "/v1/me/sign-ins", ended);
  return (
    <Section
      title={words.signIns}
      flush
      actions={
        (signIns.data?.items.length ?? 0) > 1 && (
          <Button variant="default" onClick={() => endAll.mutate({})}>
            {words.endAll}
          </Button>
        )
      }
    >
      <Loaded query={signIns} rows={2}>
        {({ items }) => (
          <DataTable<SignInView>
            label={words.signIns}
            rows={items}
            rowKey={(one) => one.id}
            columns={[
              {
                id: "device",
                header: words.device,
                title: true,
                cell: (one) => (
                  <Group gap="xs" wrap="nowrap">
                    <Text fw={500} className="one-line">
                      {one.device}
                    </Text>
                    {one.current && (
                      <Badge size="sm" variant="light">
                        {words.current}
                      </Badge>
                    )}
                  </Group>
                ),
              },
              { id: "address", header: words.address, cell: (one) => <code>{one.address}</code> },
              {
                id: "used",
                header: words.lastUsed,
                cell: (one) => <Time value={one.lastUsedAt} relative />,
              },
              {
                id: "acts",
                header: "",
                end: true,
                cell: (one) =>
                  !one.current && (
                    <Button
                      size="compact-sm"
                      variant="default"
                      onClick={() => end.mutate({ params: { path: { signInId: one.id } } })}
                    >
                      {words.end}
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}
