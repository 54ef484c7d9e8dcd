/** What somebody else saved meanwhile, beside mine; for each field that both changed, one is chosen. */

import { Badge, Button, Group, Modal, Radio, SimpleGrid, Stack, Text } from "@mantine/core";
import { useState } from "react";

import { api } from "../api/client.ts";
import { t } from "../texts/index.ts";
import { Time } from "../ui/Time.tsx";
import classes from "./conflict.module.css";
import type { Fields } from "./merge.ts";
import type { Conflict } from "./useEditor.ts";

interface ConflictDialogProps<V> {
  readonly conflict: Conflict<V>;
  readonly names: Readonly<Record<string, string>>;
  readonly subject: string | undefined;
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

/** By whom and when it was changed last, for those who may read that. */
function LastChange({ subject }: { readonly subject: string }) {
  const lines = api.useQuery(
    "get",
    "/v1/audit",
    { params: { query: { subjectId: subject, limit: 1 } } },
    { retry: false, staleTime: 0 },
  );
  const [last] = lines.data?.items ?? [];
  if (last === undefined) return null;
  return (
    <Text fw={500} className="foreign">
      {t.editor.changedBy(last.actor.name ?? t.editor.somebody)} <Time value={last.at} relative />
    </Text>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return t.editor.noValue;
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
