/** A part of a screen on a surface of its own, with a heading. */

import { Group, Text, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

import classes from "./ui.module.css";

interface SectionProps {
  readonly title: ReactNode;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  /** Content that reaches to the edges, such as a table. */
  readonly flush?: boolean;
  readonly children: ReactNode;
}

export function Section({ title, lead, actions, flush = false, children }: SectionProps) {
  const id = useId();
  return (
    <section className={`surface ${classes.section}`} aria-labelledby={id}>
      <Group justify="space-between" gap="sm" className={classes.sectionHead}>
        <div className={classes.headText}>
          <Title order={2} id={id}>
            {title}
          </Title>
          {lead !== undefined && (
            <Text c="dimmed" size="sm" mt={2} component="div">
              {lead}
            </Text>
          )}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children !== null && children !== false && (
        <div className={flush ? undefined : classes.sectionBody}>{children}</div>
      )}
    </section>
  );
}
