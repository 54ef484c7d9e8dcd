/** Signing in: at first, and again over what is open when the session has ended. */

import { Button, Modal, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";

import { signedIn, signedOut } from "../../api/auth.ts";
import { api, client, queryClient } from "../../api/client.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { Gate } from "./Gate.tsx";

export function SignInScreen() {
  const options = api.useQuery("get", "/v1/sign-in");
  const words = t.people.signIn;
  if (options.data?.needsOwner) {
    return (
      <Gate title={words.needsOwner} lead={words.needsOwnerLead}>
        <Code text={words.command} label={words.command} />
      </Gate>
    );
  }
  return (
    <Gate title={words.title}>
      <SignInForm />
    </Gate>
  );
}

export function SignInAgain() {
  const words = t.people.signIn;
  return (
    <Modal
      opened
      onClose={signedOut}
      title={words.expiredTitle}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <Text c="dimmed" mb="md">
        {words.expiredLead}
      </Text>
      <SignInForm />
    </Modal>
  );
}

function SignInForm() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const words = t.people.signIn;
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await client.POST("/v1/sign-in", { body: { email: email.trim(), password } });
      signedIn();
      void queryClient.invalidateQueries();
    } catch (caught) {
      const problem = asProblem(caught);
      setError(problem.kind === "sign-in-refused" ? words.refused : problem.message);
      setBusy(false);
    }
  };
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
          {words.act}
        </Button>
      </Stack>
    </form>
  );
}
