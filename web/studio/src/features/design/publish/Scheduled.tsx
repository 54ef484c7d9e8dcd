/** That a design is published by itself, and when; it can be called off. */

import { Alert, Button, Group, Text } from "@mantine/core";
import { IconClock } from "@tabler/icons-react";

import { client } from "../../../api/client.ts";
import { t } from "../../../texts/index.ts";
import { done, failed } from "../../../ui/notify.ts";
import { shortTime } from "../../../ui/time.ts";
import { refreshVersions, useSchedule } from "../queries.ts";
import { Permitted } from "../../people/Permitted.tsx";

export function Scheduled({ appId }: { readonly appId: string }) {
  const schedule = useSchedule(appId).data?.schedule;
  const words = t.design.publishing;
  if (schedule == null) return null;
  const cancel = async () => {
    await client.DELETE("/v1/apps/{appId}/design/schedule", { params: { path: { appId } } });
    await refreshVersions();
    done(words.cancelled);
  };
  return (
    <Alert
      icon={<IconClock size={18} />}
      color="teal"
      mb="md"
      title={words.scheduled(shortTime(schedule.publishAt))}
    >
      {schedule.note != null && (
        <Text size="sm" className="foreign">
          {words.scheduledLead(schedule.note)}
        </Text>
      )}
      <Group mt="xs">
        <Button size="compact-sm" variant="default" onClick={() => void cancel().catch(failed)}>
          {words.cancel}
        </Button>
      </Group>
    </Alert>
  );
}
