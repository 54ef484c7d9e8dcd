/** The way to delete what a screen is about. */

import { Button, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";

import { Permitted } from "../features/people/Permitted.tsx";
import { Confirm } from "./Confirm.tsx";
import { Section } from "./Section.tsx";

interface DeleteSectionProps {
  readonly title: string;
  readonly lead: string;
  /** What the button says. */
  readonly act: string;
  /** What is to be typed first. */
  readonly typed?: string;
  /** What one needs for it; in an app, or in the installation. */
  readonly scope: string;
  readonly appId?: string;
  readonly onDelete: () => Promise<unknown>;
  /** What goes with it. */
  readonly children: ReactNode;
}

export function DeleteSection(props: DeleteSectionProps) {
  const { title, lead, act, typed, scope, appId, onDelete, children } = props;
  const [isOpen, dialog] = useDisclosure(false);
  return (
    <Section title={title} lead={lead}>
      <Group>
        <Permitted scope={scope} appId={appId}>
          <Button variant="default" c="var(--studio-bad)" onClick={dialog.open}>
            {act}
          </Button>
        </Permitted>
      </Group>
      {isOpen && (
        <Confirm title={title} act={act} typed={typed} onClose={dialog.close} onConfirm={onDelete}>
          {children}
        </Confirm>
      )}
    </Section>
  );
}
