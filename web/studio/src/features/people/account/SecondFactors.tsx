/** One's second factors: passkeys, an authenticator app, backup codes. */

import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconShieldLock } from "@tabler/icons-react";
import { useState } from "react";

import { api, client } from "../../../api/client.ts";
import { asProblem } from "../../../api/problem.ts";
import { t } from "../../../texts/index.ts";
import { Confirm } from "../../../ui/Confirm.tsx";
import { done, failed } from "../../../ui/notify.ts";
import { Section } from "../../../ui/Section.tsx";
import { Status } from "../../../ui/Status.tsx";
import { Loaded } from "../../../ui/states.tsx";
import { Time } from "../../../ui/Time.tsx";
import { useRefusal } from "../../../ui/useRefusal.ts";
import { refreshPeople, useMe } from "../queries.ts";
import { knowsPasskeys, makePasskey } from "../sign-in/passkeys.ts";
import { Authenticator, BackupCodes } from "./Authenticator.tsx";

export function SecondFactors() {
  const factors = api.useQuery("get", "/v1/me/second-factors");
  const me = useMe().data;
  const words = t.people.factors;
  return (
    <>
      {me?.lacksSecondFactor && (
        <Alert icon={<IconShieldLock size={18} />} color="yellow" title={words.missing}>
          {words.missingLead}
        </Alert>
      )}
      <Section title={words.title} lead={words.lead}>
        <Loaded query={factors} rows={3}>
          {({ totp, backupCodesLeft, passkeys }) => (
            <Stack gap="xl">
              <Passkeys passkeys={passkeys} />
              <App isOn={totp} left={backupCodesLeft} />
            </Stack>
          )}
        </Loaded>
      </Section>
    </>
  );
}

interface PasskeysProps {
  readonly passkeys: readonly {
    readonly id: string;
    readonly name: string;
    readonly createdAt: string;
  }[];
}

function Passkeys({ passkeys }: PasskeysProps) {
  const [name, setName] = useState("");
  const [error, setError] = useRefusal(name);
  const words = t.people.factors;
  const remove = api.useMutation("delete", "/v1/me/passkeys/{passkeyId}", {
    onSuccess: refreshPeople,
    onError: failed,
  });
  const add = async (event: React.FormEvent) => {
    event.preventDefault();
    setError(null);
    try {
      const made = await makePasskey();
      if (made === null) return;
      await client.POST("/v1/me/passkeys", { body: { name, ...made } });
      await refreshPeople();
      setName("");
      done(words.passkeyAdded);
    } catch (caught) {
      setError(asProblem(caught).message);
    }
  };
  return (
    <div>
      <Text fw={600}>{words.passkeys}</Text>
      <Text size="sm" c="dimmed" mb="xs">
        {words.passkeysLead}
      </Text>
      <Stack gap="xs" maw={520}>
        {passkeys.length === 0 && <Text size="sm">{words.noPasskeys}</Text>}
        {passkeys.map((passkey) => (
          <Group key={passkey.id} justify="space-between" wrap="nowrap">
            <Text className="foreign">
              {passkey.name}{" "}
              <Text component="span" size="sm" c="dimmed">
                {words.created} <Time value={passkey.createdAt} />
              </Text>
            </Text>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={t.ui.removeWhat(passkey.name)}
              onClick={() => remove.mutate({ params: { path: { passkeyId: passkey.id } } })}
            >
              {t.people.members.remove}
            </Button>
          </Group>
        ))}
        {knowsPasskeys() ? (
          <form onSubmit={add}>
            <Group align="flex-end" gap="xs">
              <TextInput
                flex={1}
                label={words.passkeyName}
                placeholder={words.passkeyNameHint}
                value={name}
                error={error}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              <Button type="submit" variant="default" disabled={name.trim() === ""}>
                {words.addPasskey}
              </Button>
            </Group>
          </form>
        ) : (
          <Text size="sm" c="dimmed">
            {words.unsupported}
          </Text>
        )}
      </Stack>
    </div>
  );
}

type Open = "set-up" | "take-out" | readonly string[];

function App({ isOn, left }: { readonly isOn: boolean; readonly left: number }) {
  const [open, setOpen] = useState<Open | null>(null);
  const words = t.people.factors;
  const renew = api.useMutation("post", "/v1/me/backup-codes", {
    onSuccess: async ({ backupCodes }) => {
      setOpen(backupCodes);
      await refreshPeople();
    },
    onError: failed,
  });
  return (
    <div>
      <Text fw={600}>{words.app}</Text>
      <Text size="sm" c="dimmed" mb="xs">
        {words.appLead}
      </Text>
      <Group gap="sm">
        <Status tone={isOn ? "good" : "none"}>{isOn ? words.appOn : words.appOff}</Status>
        {isOn ? (
          <>
            <Text size="sm">{words.codesLeft(left)}</Text>
            <Button size="compact-sm" variant="default" onClick={() => renew.mutate({})}>
              {words.newCodes}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => setOpen("take-out")}>
              {words.takeOut}
            </Button>
          </>
        ) : (
          <Button variant="default" onClick={() => setOpen("set-up")}>
            {words.setUp}
          </Button>
        )}
      </Group>
      {open === "set-up" && <Authenticator onClose={() => setOpen(null)} onCodes={setOpen} />}
      {open === "take-out" && (
        <Confirm
          title={words.takeOut}
          act={words.takeOut}
          onClose={() => setOpen(null)}
          onConfirm={async () => {
            await client.DELETE("/v1/me/totp");
            await refreshPeople();
          }}
        >
          <Text>{words.takeOutLead}</Text>
        </Confirm>
      )}
      {typeof open === "object" && open !== null && (
        <BackupCodes codes={open} onClose={() => setOpen(null)} />
      )}
    </div>
  );
}
