/** Names with values, edited row by row. */

import { Stack, TextInput } from "@mantine/core";
import type { ReactNode } from "react";

import classes from "./pairs.module.css";
import { RowName } from "./RowName.tsx";
import { Rows, without, withRow } from "./Rows.tsx";

export type Pair = readonly [name: string, value: string];

export interface PairsProps {
  readonly pairs: readonly Pair[];
  readonly onChange: (pairs: Pair[]) => void;
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly faults: Readonly<Record<string, unknown>>;
  /** What is to be said under a value before it is saved. */
  readonly warning?: (value: string) => ReactNode;
}

export function Pairs({ pairs, onChange, name, value, path, faults, warning }: PairsProps) {
  const change = (index: number, pair: Pair) => onChange(withRow(pairs, index, pair));
  const names = pairs.map(([one]) => one);
  return (
    <Stack gap="xs">
      <Rows
        count={pairs.length}
        name={(number) => `${name} ${number}`}
        className={classes.pair}
        onRemove={(index) => onChange(without(pairs, index))}
        onAdd={() => onChange([...pairs, ["", ""]])}
      >
        {(index, called) => {
          const [key, content] = pairs[index] ?? ["", ""];
          return (
            <>
              <RowName
                aria-label={called}
                placeholder={name}
                names={names}
                index={index}
                isUsed={content !== ""}
                onChange={(event) => change(index, [event.currentTarget.value, content])}
              />
              <div>
                <TextInput
                  aria-label={`${value} ${index + 1}`}
                  placeholder={value}
                  value={content}
                  data-path={`${path}.${key}`}
                  error={faults[`${path}.${key}`] as string | undefined}
                  onChange={(event) => change(index, [key, event.currentTarget.value])}
                />
                {warning?.(content)}
              </div>
            </>
          );
        }}
      </Rows>
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
