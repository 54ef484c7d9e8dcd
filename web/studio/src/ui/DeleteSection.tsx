/** The way to delete what a screen is about. */

import { Button, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";

import { Confirm } from "./Confirm.tsx";
import { Section } from "./Section.tsx";

interface DeleteSectionProps {
  readonly title: string;
  readonly lead: string;
  /** What the button says. */
  readonly act: string;
  /** What is to be typed first. */
  readonly typed?: string;
  readonly onDelete: () => Promise<unknown>;
  /** What goes with it. */
  readonly children: ReactNode;
}

export function DeleteSection(props: DeleteSectionProps) {
  const { title, lead, act, typed, onDelete, children } = props;
  const [isOpen, dialog] = useDisclosure(false);
  return (
    <Section title={title} lead={lead}>
      <Group>
        <Button variant="default" c="var(--studio-bad)" onClick={dialog.open}>
          {act}
        </Button>
      </Group>
      {isOpen && (
        <Confirm title={title} act={act} typed={typed} onClose={dialog.close} onConfirm={onDelete}>
          {children}
        </Confirm>
      )}
    </Section>
  );
}
