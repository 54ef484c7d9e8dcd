/** Asks again who sits there, before something that wants it proved. */

import { Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useState } from "react";

import { useStepUp } from "../../../api/auth.ts";
import { api, client } from "../../../api/client.ts";
import { asProblem } from "../../../api/problem.ts";
import { t } from "../../../texts/index.ts";
import { Modal } from "../../../ui/dialogs.tsx";
import { useRefusal } from "../../../ui/useRefusal.ts";
import { refreshPeople, useMe } from "../queries.ts";
import { type Assertion, askForPasskey, knowsPasskeys } from "./passkeys.ts";
import { ssoAddress } from "./sso.ts";

export function StepUp() {
  const answer = useStepUp();
  return answer === null ? null : <Dialog answer={answer} />;
}

type Proof =
  | { readonly password: string }
  | { readonly code: string }
  | { readonly passkey: Assertion };

function Dialog({ answer }: { readonly answer: (isProved: boolean) => void }) {
  const me = useMe().data;
  const factors = api.useQuery("get", "/v1/me/second-factors").data;
  const sso = api.useQuery("get", "/v1/sign-in").data?.sso;
  const [typed, setTyped] = useState("");
  const [error, setError] = useRefusal(typed);
  const [busy, setBusy] = useState(false);
  const words = t.people.stepUp;
  const byCode = me?.hasPassword === false && factors?.totp === true;
  const isTyped = me?.hasPassword !== false || byCode;
  const hasPasskey = (factors?.passkeys.length ?? 0) > 0 && knowsPasskeys();
  const prove = async (proof: Proof | null) => {
    if (proof === null) return;
    setBusy(true);
    setError(null);
    try {
      await client.POST("/v1/step-up", { body: proof });
      answer(true);
      void refreshPeople();
    } catch (caught) {
      const problem = asProblem(caught);
      setError(
        problem.kind === "sign-in-refused" && isTyped && !byCode ? words.refused : problem.message,
      );
      setBusy(false);
    }
  };
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    // What asked for it may be a form itself, which this one stands in.
    event.stopPropagation();
    void prove(byCode ? { code: typed.trim() } : { password: typed });
  };
  const byPasskey = async () => {
    const passkey = await askForPasskey().catch((caught: unknown) => {
      setError(asProblem(caught).message);
      return null;
    });
    await prove(passkey === null ? null : { passkey });
  };
  const field = {
    value: typed,
    error,
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => setTyped(event.currentTarget.value),
    "data-autofocus": true,
  };
  return (
    <Modal opened onClose={() => answer(false)} title={words.title} zIndex={400}>
      <form onSubmit={submit}>
        <Stack>
          <Text c="dimmed">{lead(isTyped, byCode, hasPasskey)}</Text>
          {byCode && (
            <TextInput label={t.people.signIn.code} autoComplete="one-time-code" {...field} />
          )}
          {isTyped && !byCode && (
            <PasswordInput label={t.people.password} autoComplete="current-password" {...field} />
          )}
          {!isTyped && error !== null && (
            <Text c="var(--studio-bad)" role="alert" className="foreign">
              {error}
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            {hasPasskey && (
              <Button
                variant="default"
                leftSection={<IconFingerprint size={18} stroke={1.6} />}
                onClick={() => void byPasskey()}
                me="auto"
              >
                {t.people.signIn.passkey}
              </Button>
            )}
            <Button variant="default" onClick={() => answer(false)}>
              {t.ui.cancel}
            </Button>
            {isTyped && (
              <Button type="submit" loading={busy} disabled={typed === ""}>
                {words.act}
              </Button>
            )}
            {!isTyped && !hasPasskey && sso != null && (
              <Button component="a" href={ssoAddress(sso.url)} data-autofocus>
                {t.people.signIn.sso(sso.name)}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** What is asked for: the one thing of these that the person has. */
function lead(isTyped: boolean, byCode: boolean, hasPasskey: boolean): string {
  const words = t.people.stepUp;
  if (byCode) return words.leadCode;
  if (isTyped) return words.lead;
  return hasPasskey ? words.leadPasskey : words.leadSso;
}
