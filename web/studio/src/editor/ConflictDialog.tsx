/** What somebody else saved meanwhile, beside mine; for each field that both changed, one is chosen. */

import { Badge, Button, Group, Radio, SimpleGrid, Stack, Text } from "@mantine/core";
import { useState } from "react";

import { t } from "../texts/index.ts";
import { Modal } from "../ui/dialogs.tsx";
import classes from "./conflict.module.css";
import { LastChange, type Subject } from "./LastChange.tsx";
import type { Fields } from "./merge.ts";
import type { Conflict } from "./useEditor.ts";

interface ConflictDialogProps<V> {
  readonly conflict: Conflict<V>;
  readonly names: Readonly<Record<string, string>>;
  readonly subject: Subject | undefined;
  readonly onResolve: (values: V) => void;
  readonly onClose: () => void;
}

type Side = "mine" | "theirs";

export function ConflictDialog<V extends object>(props: ConflictDialogProps<V>) {
  const { conflict, names, subject, onResolve, onClose } = props;
  const [chosen, setChosen] = useState<Readonly<Record<string, Side>>>({});
  const theirs = conflict.theirs.value as Fields;
  const mine = conflict.mine as Fields;
  const resolved = {
    ...conflict.merged,
    ...Object.fromEntries(
      conflict.clashes
        .filter((field) => chosen[field] === "theirs")
        .map((field) => [field, theirs[field]]),
    ),
  };
  return (
    <Modal opened onClose={onClose} size="xl" title={t.editor.conflictTitle}>
      <Stack>
        {subject !== undefined && <LastChange subject={subject} />}
        <Text>
          {conflict.clashes.length === 0 ? t.editor.conflictMerged : t.editor.conflictLead}
        </Text>
        {conflict.theirChanges.map((field) => {
          const clashes = conflict.clashes.includes(field);
          const name = names[field] ?? field;
          return (
            <div key={field}>
              <Group gap="xs" mb={4}>
                <Text fw={600}>{name}</Text>
                {!clashes && <Badge variant="light">{t.editor.onlyTheirs}</Badge>}
              </Group>
              <Radio.Group
                value={clashes ? (chosen[field] ?? "mine") : "theirs"}
                onChange={(side) => setChosen({ ...chosen, [field]: side as Side })}
                aria-label={name}
              >
                <SimpleGrid cols={{ base: 1, sm: clashes ? 2 : 1 }}>
                  <div className={classes.side}>
                    <Radio value="theirs" label={t.editor.theirs} disabled={!clashes} />
                    <pre>{shown(theirs[field])}</pre>
                  </div>
                  {clashes && (
                    <div className={classes.side}>
                      <Radio value="mine" label={t.editor.mine} />
                      <pre>{shown(mine[field])}</pre>
                    </div>
                  )}
                </SimpleGrid>
              </Radio.Group>
            </div>
          );
        })}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t.ui.cancel}
          </Button>
          <Button onClick={() => onResolve(resolved)}>{t.editor.takeOver}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return t.editor.noValue;
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
