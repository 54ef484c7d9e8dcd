/** The ways of signing in: a password with its second factor, a passkey, or the team's own provider. */

import { Button, Divider, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useState } from "react";

import { api, client } from "../../../api/client.ts";
import { asProblem } from "../../../api/problem.ts";
import { t } from "../../../texts/index.ts";
import { useAct } from "../../../ui/useAct.ts";
import { askForPasskey, knowsPasskeys } from "./passkeys.ts";
import { enter } from "./seat.ts";
import { ssoAddress } from "./sso.ts";

export function SignInForm() {
  const options = api.useQuery("get", "/v1/sign-in").data;
  const [pending, setPending] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const words = t.people.signIn;
  if (pending !== null) return <Code pending={pending} onAgain={() => setPending(null)} />;
  const { sso } = options ?? {};
  return (
    <Stack>
      {options?.password !== false && <Password onPending={setPending} />}
      {(options?.passkeys || sso != null) && options?.password && <Divider label={words.or} />}
      {options?.passkeys && knowsPasskeys() && (
        <Button
          variant="default"
          leftSection={<IconFingerprint size={18} stroke={1.6} />}
          onClick={() => void byPasskey().catch((caught) => setError(inWords(caught)))}
        >
          {words.passkey}
        </Button>
      )}
      {sso != null && (
        <Button variant="default" onClick={() => location.assign(ssoAddress(sso.url))}>
          {words.sso(sso.name)}
        </Button>
      )}
      {error !== null && (
        <Text c="var(--studio-bad)" role="alert" className="foreign">
          {error}
        </Text>
      )}
    </Stack>
  );
}

async function byPasskey(): Promise<void> {
  const assertion = await askForPasskey();
  if (assertion === null) return;
  await client.POST("/v1/sign-in/passkey", { body: assertion });
  await enter();
}

function inWords(caught: unknown): string {
  const problem = asProblem(caught);
  return problem.kind === "sign-in-refused" ? t.people.signIn.refused : problem.message;
}

function Password({ onPending }: { readonly onPending: (pending: string) => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = async () => {
    const { data } = await client.POST("/v1/sign-in", {
      body: { email: email.trim(), password },
    });
    if (data?.state === "secondFactor" && data.pending != null) return onPending(data.pending);
    await enter();
  };
  const { busy, error, submit } = useAct(signIn, [email, password], inWords);
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          type="email"
          label={t.people.email}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          autoComplete="username"
          autoFocus
          data-autofocus
        />
        <PasswordInput
          label={t.people.password}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={error}
          autoComplete="current-password"
        />
        <Button type="submit" loading={busy} disabled={email.trim() === "" || password === ""}>
          {t.people.signIn.act}
        </Button>
      </Stack>
    </form>
  );
}

interface CodeProps {
  readonly pending: string;
  readonly onAgain: () => void;
}

function Code({ pending, onAgain }: CodeProps) {
  const [code, setCode] = useState("");
  const words = t.people.signIn;
  const send = async () => {
    await client.POST("/v1/sign-in/code", { body: { pending, code: code.trim() } });
    await enter();
  };
  const { busy, error, submit } = useAct(send, [code]);
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={words.code}
          description={words.codeHint}
          value={code}
          error={error}
          onChange={(event) => setCode(event.currentTarget.value)}
          autoComplete="one-time-code"
          autoFocus
          data-autofocus
        />
        <Button type="submit" loading={busy} disabled={code.trim() === ""}>
          {words.act}
        </Button>
        <Button variant="subtle" onClick={onAgain}>
          {words.again}
        </Button>
      </Stack>
    </form>
  );
}
