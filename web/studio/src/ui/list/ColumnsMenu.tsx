/** Which columns a list shows: chosen here, and kept in the address. */

import { Button, Checkbox, Popover, Stack } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";

import { t } from "../../texts/index.ts";

interface ColumnsMenuProps<C extends string> {
  /** All that there are, with their names, in their order. */
  readonly all: readonly (readonly [id: C, name: string])[];
  readonly shown: readonly C[];
  readonly onChange: (shown: C[]) => void;
}

export function ColumnsMenu<C extends string>({ all, shown, onChange }: ColumnsMenuProps<C>) {
  return (
    <Popover position="bottom-end" withinPortal trapFocus transitionProps={{ duration: 100 }}>
      <Popover.Target>
        <Button variant="default" leftSection={<IconColumns3 size={16} stroke={1.6} />}>
          {t.ui.columns}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t.ui.columns}>
        <Stack gap="xs">
          {all.map(([id, name]) => (
            <Checkbox
              key={id}
              label={name}
              checked={shown.includes(id)}
              onChange={({ currentTarget }) => {
                const isShown = (one: C) =>
                  one === id ? currentTarget.checked : shown.includes(one);
                onChange(all.map(([one]) => one).filter(isShown));
              }}
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
