/** The way to something that can't be undone. */

import { Button, Group } from "@mantine/core";

interface DangerButtonProps {
  readonly children: string;
  readonly onClick: () => void;
}

export function DangerButton({ children, onClick }: DangerButtonProps) {
  return (
    <Group>
      <Button variant="default" c="var(--studio-bad)" onClick={onClick}>
        {children}
      </Button>
    </Group>
  );
}
