/** Reads a secret back: only when it is asked for here, and gone when it is closed. */

import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";

import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { Modal } from "../../ui/dialogs.tsx";

interface RevealProps {
  readonly title: string;
  readonly lead: string;
  readonly read: () => Promise<string>;
  readonly onClose: () => void;
}

export function Reveal({ title, lead, read, onClose }: RevealProps) {
  const [value, setValue] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const reveal = async () => {
    setBusy(true);
    setError(null);
    try {
      setValue(await read());
    } catch (caught) {
      setError(asProblem(caught).message);
    }
    setBusy(false);
  };
  return (
    <Modal opened onClose={onClose} title={title}>
      <Stack>
        <Text>{lead}</Text>
        {value !== null && <Code text={value} label={title} />}
        {error !== null && (
          <Text c="var(--studio-bad)" role="alert" className="foreign">
            {error}
          </Text>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {value === null ? t.ui.cancel : t.integrations.secrets.hide}
          </Button>
          {value === null && (
            <Button onClick={reveal} loading={busy} data-autofocus>
              {t.integrations.secrets.reveal}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
