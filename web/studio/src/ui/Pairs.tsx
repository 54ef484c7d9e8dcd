/** Names with values, edited row by row. */

import { ActionIcon, Button, Group, Stack, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";

import { t } from "../texts/index.ts";
import classes from "./pairs.module.css";

export type Pair = readonly [name: string, value: string];

interface PairsProps {
  readonly pairs: readonly Pair[];
  readonly onChange: (pairs: Pair[]) => void;
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly faults: Readonly<Record<string, unknown>>;
}

export function Pairs({ pairs, onChange, name, value, path, faults }: PairsProps) {
  const change = (index: number, pair: Pair) =>
    onChange(pairs.map((one, other) => (other === index ? pair : one)));
  return (
    <Stack gap="xs">
      {pairs.map(([key, content], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what is typed into a row must not move it
        <div key={index} className={classes.pair}>
          <TextInput
            aria-label={`${name} ${index + 1}`}
            placeholder={name}
            value={key}
            onChange={(event) => change(index, [event.currentTarget.value, content])}
          />
          <TextInput
            aria-label={`${value} ${index + 1}`}
            placeholder={value}
            value={content}
            data-path={`${path}.${key}`}
            error={faults[`${path}.${key}`] as string | undefined}
            onChange={(event) => change(index, [key, event.currentTarget.value])}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={34}
            aria-label={t.ui.removeWhat(`${name} ${index + 1}`)}
            onClick={() => onChange(pairs.filter((_, other) => other !== index))}
          >
            <IconTrash size={17} stroke={1.6} />
          </ActionIcon>
        </div>
      ))}
      <Group>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange([...pairs, ["", ""]])}
        >
          {t.ui.add}
        </Button>
      </Group>
    </Stack>
  );
}

export const toPairs = (map: Readonly<Record<string, string>> | undefined): Pair[] =>
  Object.entries(map ?? {});

/** Rows without a name are left out. */
export const fromPairs = (pairs: readonly Pair[]): Record<string, string> =>
  Object.fromEntries(pairs.filter(([name]) => name.trim() !== ""));

/**
 * What a merge patch needs to make one map of another: names that are gone become null.
 */
export function mapPatch(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const gone = Object.keys(before).filter((name) => !(name in after));
  return { ...after, ...Object.fromEntries(gone.map((name) => [name, null])) };
}
