/** When a block is shown, by choosing. */

import type { design } from "@bellpush/protocol";
import {
  ActionIcon,
  Button,
  Group,
  MultiSelect,
  Select,
  Stack,
  TagsInput,
  Text,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";

import { t } from "../../../texts/index.ts";
import { useWritten } from "../../../ui/useWritten.ts";
import type { Block } from "../core/document.ts";
import { setCondition } from "../core/operations.ts";
import { useEditing } from "../editing.ts";

export function ConditionEdit({ block }: { readonly block: Block }) {
  const { document, edit } = useEditing();
  const words = t.design.condition;
  const when: design.Condition = block.when ?? {};
  const set = (part: Partial<design.Condition>) =>
    edit((present) => setCondition(present, block.id, { ...when, ...part }));
  if (block.type === "survey") {
    return (
      <Text size="sm" c="dimmed">
        {words.none}
      </Text>
    );
  }
  const present = when.open == null ? "always" : when.open ? "open" : "closed";
  return (
    <Stack gap="sm">
      <Select
        label={words.title}
        allowDeselect={false}
        data={(["always", "open", "closed"] as const).map((value) => ({
          value,
          label: words[value],
        }))}
        value={present}
        onChange={(value) => set({ open: value === "always" ? null : value === "open" })}
      />
      <MultiSelect
        label={words.languages}
        placeholder={(when.languages ?? []).length === 0 ? words.anyLanguage : undefined}
        data={[...new Set([...document.languages, ...(when.languages ?? [])])]}
        value={[...(when.languages ?? [])]}
        onChange={(languages) => set({ languages })}
      />
      <TagsInput
        label={words.has}
        description={words.hasHint}
        value={[...(when.contextHas ?? [])]}
        onChange={(keys) => set({ contextHas: keys.filter(isKey) })}
      />
      <Pairs key={block.id} pairs={when.context ?? {}} onChange={(context) => set({ context })} />
    </Stack>
  );
}

const isKey = (key: string) => /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(key);

type Row = readonly [key: string, value: string];

const rowsOf = (pairs: Readonly<Record<string, string>>): readonly Row[] => Object.entries(pairs);
const pairsOf = (rows: readonly Row[]): Readonly<Record<string, string>> =>
  Object.fromEntries(rows.filter(([key]) => isKey(key)));

interface PairsProps {
  readonly pairs: Readonly<Record<string, string>>;
  readonly onChange: (pairs: Readonly<Record<string, string>>) => void;
}

/** Half a pair is none yet, and stands here alone until it is whole. */
function Pairs({ pairs, onChange }: PairsProps) {
  const words = t.design.condition;
  const [rows, setRows] = useWritten(pairs, { write: rowsOf, read: pairsOf });
  const write = (next: readonly Row[]) => {
    setRows(next);
    onChange(pairsOf(next));
  };
  return (
    <Stack gap="xs">
      <Text size="sm" fw={500}>
        {words.equals}
      </Text>
      {rows.map(([key, value], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what is typed into a row must not move it
        <Group key={index} gap="xs" wrap="nowrap" align="flex-start">
          <TextInput
            flex={1}
            aria-label={words.key}
            placeholder={words.key}
            value={key}
            error={key !== "" && !isKey(key)}
            onChange={({ currentTarget: { value: next } }) =>
              write(rows.map((row, at) => (at === index ? [next, row[1]] : row)))
            }
          />
          <TextInput
            flex={1}
            aria-label={words.value}
            placeholder={words.value}
            value={value}
            onChange={({ currentTarget: { value: next } }) =>
              write(rows.map((row, at) => (at === index ? [row[0], next] : row)))
            }
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={34}
            aria-label={t.ui.removeWhat(key === "" ? words.key : key)}
            onClick={() => write(rows.filter((_, at) => at !== index))}
          >
            <IconTrash size={16} stroke={1.6} />
          </ActionIcon>
        </Group>
      ))}
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconPlus size={14} />}
        onClick={() => setRows([...rows, ["", ""]])}
      >
        {words.addPair}
      </Button>
    </Stack>
  );
}
