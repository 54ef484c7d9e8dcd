/** The endpoints that somebody's data was sent to. */

import { List, Stack, Text } from "@mantine/core";

import type { SentToView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";

interface SentToProps {
  readonly to: readonly SentToView[];
  readonly title: string;
}

export function SentTo({ to, title }: SentToProps) {
  if (to.length === 0) return <Text c="dimmed">{t.privacy.sentNowhere}</Text>;
  return (
    <Stack gap={4}>
      <Text>{title}</Text>
      <List size="sm">
        {to.map(({ integrationId, name, events }) => (
          <List.Item key={integrationId} className="foreign">
            {t.privacy.sent(name ?? integrationId, events)}
          </List.Item>
        ))}
      </List>
    </Stack>
  );
}
