/** Asks before something is done that can't be undone; where much goes, by typing its name. */

import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";

import { t } from "../texts/index.ts";
import { Modal } from "./dialogs.tsx";
import { useAct } from "./useAct.ts";

interface ConfirmProps {
  readonly title: string;
  readonly children: ReactNode;
  /** What the button says. */
  readonly act: string;
  /** What is to be typed first. */
  readonly typed?: string;
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

export function Confirm({ title, children, act, typed, onConfirm, onClose }: ConfirmProps) {
  const [text, setText] = useState("");
  const { busy, error, submit } = useAct(async () => {
    await onConfirm();
    onClose();
  });
  return (
    <Modal opened onClose={onClose} title={title}>
      <form onSubmit={submit}>
        <Stack>
          <div>{children}</div>
          {typed !== undefined && (
            <TextInput
              label={t.ui.typeToConfirm(typed)}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              data-autofocus
            />
          )}
          {error !== null && (
            <Text c="var(--studio-bad)" role="alert" className="foreign">
              {error}
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t.ui.cancel}
            </Button>
            <Button
              type="submit"
              color="red.8"
              loading={busy}
              disabled={typed !== undefined && text !== typed}
            >
              {act}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
