/** Rows that are added at the end, and taken away one by one. */

import { ActionIcon, Button, Group } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { t } from "../texts/index.ts";

interface RowsProps {
  readonly count: number;
  /** What a row is called, by its number from 1 on. */
  readonly name: (number: number) => string;
  /** Lays out the row's fields and the button after them. */
  readonly className?: string;
  readonly onRemove: (index: number) => void;
  readonly onAdd: () => void;
  /** What the button at the end says, where it is not just to add one. */
  readonly add?: string;
  readonly children: (index: number, name: string) => ReactNode;
}

export function Rows({ count, name, className, onRemove, onAdd, add, children }: RowsProps) {
  return (
    <>
      {Array.from({ length: count }, (_, index) => {
        const called = name(index + 1);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: what is typed into a row must not move it
          <div key={index} className={className}>
            {children(index, called)}
            <ActionIcon
              variant="subtle"
              color="gray"
              size={34}
              aria-label={t.ui.removeWhat(called)}
              onClick={() => onRemove(index)}
            >
              <IconTrash size={17} stroke={1.6} />
            </ActionIcon>
          </div>
        );
      })}
      <Group>
        <Button
          variant="default"
          size={add === undefined ? "xs" : "sm"}
          leftSection={<IconPlus size={add === undefined ? 14 : 16} />}
          onClick={onAdd}
        >
          {add ?? t.ui.add}
        </Button>
      </Group>
    </>
  );
}

/** A list without one of its rows. */
export const without = <T,>(rows: readonly T[], index: number): T[] =>
  rows.filter((_, other) => other !== index);

/** A list with another row in the place of one. */
export const withRow = <T,>(rows: readonly T[], index: number, row: T): T[] =>
  rows.map((one, other) => (other === index ? row : one));
