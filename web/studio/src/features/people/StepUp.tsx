/** Asks again who sits there, before something that wants it proved. */

import { Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useState } from "react";

import { useStepUp } from "../../api/auth.ts";
import { client } from "../../api/client.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { refreshPeople } from "./queries.ts";

export function StepUp() {
  const answer = useStepUp();
  return answer === null ? null : <Dialog answer={answer} />;
}

function Dialog({ answer }: { readonly answer: (isProved: boolean) => void }) {
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const words = t.people.stepUp;
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    // What asked for it may be a form itself, which this one stands in.
    event.stopPropagation();
    setBusy(true);
    setError(null);
    try {
      await client.POST("/v1/step-up", { body: { password } });
      answer(true);
      void refreshPeople();
    } catch (caught) {
      const problem = asProblem(caught);
      setError(problem.kind === "sign-in-refused" ? words.refused : problem.message);
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={() => answer(false)}
      title={words.title}
      zIndex={400}
      closeButtonProps={{ "aria-label": t.ui.close }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Text c="dimmed">{words.lead}</Text>
          <PasswordInput
            label={t.people.password}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={error}
            autoComplete="current-password"
            data-autofocus
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={() => answer(false)}>
              {t.ui.cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={password === ""}>
              {words.act}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
