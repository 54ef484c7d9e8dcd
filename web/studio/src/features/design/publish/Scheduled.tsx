/** That a design is published by itself, and when; it can be called off. */

import { Alert, Button, Group, Text } from "@mantine/core";
import { IconClock } from "@tabler/icons-react";
import { useState } from "react";

import { client } from "../../../api/client.ts";
import { t } from "../../../texts/index.ts";
import { done, failed } from "../../../ui/notify.ts";
import { shortTime } from "../../../ui/time.ts";
import { Permitted } from "../../people/Permitted.tsx";
import { refreshVersions, useSchedule } from "../queries.ts";

export function Scheduled({ appId }: { readonly appId: string }) {
  const schedule = useSchedule(appId).data?.schedule;
  const [isBusy, setBusy] = useState(false);
  const words = t.design.publishing;
  if (schedule == null) return null;
  const cancel = async () => {
    setBusy(true);
    try {
      await client.DELETE("/v1/apps/{appId}/design/schedule", { params: { path: { appId } } });
      await refreshVersions();
      done(words.cancelled);
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
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
        <Permitted scope="design:write" appId={appId}>
          <Button
            size="compact-sm"
            variant="default"
            loading={isBusy}
            onClick={() => void cancel()}
          >
            {words.cancel}
          </Button>
        </Permitted>
      </Group>
    </Alert>
  );
}
