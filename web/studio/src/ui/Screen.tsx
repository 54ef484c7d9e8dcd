/** What every screen has: its name, what it is for, its acts; then its content. */

import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useEffect } from "react";

import { t } from "../texts/index.ts";
import classes from "./ui.module.css";

interface ScreenProps {
  readonly title: ReactNode;
  /** For the window's title, where the title is no plain text. */
  readonly name?: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Screen({ title, name, lead, actions, children }: ScreenProps) {
  const plain = name ?? (typeof title === "string" ? title : "");
  useEffect(() => {
    document.title = plain === "" ? t.frame.product : `${plain} · ${t.frame.product}`;
  }, [plain]);
  return (
    <div className={classes.screen}>
      <Group justify="space-between" align="flex-start" gap="md" className={classes.head}>
        <div className={classes.headText}>
          <Title order={1} className="foreign">
            {title}
          </Title>
          {lead !== undefined && (
            <Text c="dimmed" size="md" mt={4} maw="44rem" component="div">
              {lead}
            </Text>
          )}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </div>
  );
}
