/** Setting up an authenticator app, and the codes for when it is not at hand. */

import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import qrcode from "qrcode-generator";
import { useState } from "react";

import { client, MADE_BY_ASKING } from "../../../api/client.ts";
import { asProblem } from "../../../api/problem.ts";
import { t } from "../../../texts/index.ts";
import { Code } from "../../../ui/Code.tsx";
import { Modal } from "../../../ui/dialogs.tsx";
import { Loaded } from "../../../ui/states.tsx";
import { useRefusal } from "../../../ui/useRefusal.ts";
import classes from "../people.module.css";
import { refreshPeople } from "../queries.ts";

interface AuthenticatorProps {
  readonly onClose: () => void;
  readonly onCodes: (codes: readonly string[]) => void;
}

export function Authenticator({ onClose, onCodes }: AuthenticatorProps) {
  const secret = useQuery({
    queryKey: ["totp"],
    queryFn: async () => (await client.POST("/v1/me/totp")).data ?? null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    meta: MADE_BY_ASKING,
    retry: false,
  });
  const [code, setCode] = useState("");
  const [error, setError] = useRefusal(code);
  const words = t.people.factors;
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    try {
      const { data } = await client.PUT("/v1/me/totp", { body: { code: code.trim() } });
      await refreshPeople();
      onCodes(data?.backupCodes ?? []);
    } catch (caught) {
      setError(asProblem(caught).message);
    }
  };
  return (
    <Modal opened onClose={onClose} title={words.app}>
      <Loaded query={secret}>
        {(loaded) => (
          <form onSubmit={submit}>
            <Stack>
              <Text>{words.scan}</Text>
              <QrCode text={loaded?.url ?? ""} />
              <Code text={loaded?.secret ?? ""} label={words.key} />
              <TextInput
                label={t.people.signIn.code}
                value={code}
                error={error}
                inputMode="numeric"
                autoComplete="one-time-code"
                onChange={(event) => setCode(event.currentTarget.value)}
                data-autofocus
              />
              <Group justify="flex-end" gap="xs">
                <Button variant="default" onClick={onClose}>
                  {t.ui.cancel}
                </Button>
                <Button type="submit" disabled={code.trim() === ""}>
                  {words.confirm}
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Loaded>
    </Modal>
  );
}

/** Drawn here: the secret in it is nobody else's business. */
function QrCode({ text }: { readonly text: string }) {
  const code = qrcode(0, "M");
  code.addData(text);
  code.make();
  const size = code.getModuleCount();
  const cells = Array.from({ length: size * size }, (_, at) => [Math.floor(at / size), at % size]);
  const path = cells
    .filter(([row = 0, column = 0]) => code.isDark(row, column))
    .map(([row, column]) => `M${column} ${row}h1v1h-1z`)
    .join("");
  return (
    <svg
      className={classes.qr}
      viewBox={`-2 -2 ${size + 4} ${size + 4}`}
      aria-hidden
      focusable="false"
    >
      <path d={path} />
    </svg>
  );
}

interface BackupCodesProps {
  readonly codes: readonly string[];
  readonly onClose: () => void;
}

export function BackupCodes({ codes, onClose }: BackupCodesProps) {
  const words = t.people.factors;
  return (
    <Modal
      opened
      onClose={onClose}
      title={words.codes}
      withCloseButton={false}
      closeOnClickOutside={false}
    >
      <Stack>
        <Text>{words.codesLead}</Text>
        <Code text={codes.join("\n")} label={words.codes} />
        <Group justify="flex-end">
          <Button onClick={onClose}>{words.kept}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
