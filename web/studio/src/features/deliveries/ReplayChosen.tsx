/** Sends again what was chosen row by row. */

import { Button } from "@mantine/core";
import { IconRepeat } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";

import { t } from "../../texts/index.ts";
import { done, failed } from "../../ui/notify.ts";
import { figure } from "../../ui/time.ts";
import { Permitted } from "../people/Permitted.tsx";
import { refreshDeliveries, replayOne } from "./queries.ts";

interface ReplayChosenProps {
  readonly appId: string;
  readonly integrationId: string;
  readonly chosen: ReadonlySet<string>;
  readonly onDone: () => void;
}

export function ReplayChosen({ appId, integrationId, chosen, onDone }: ReplayChosenProps) {
  const replay = useMutation({
    // One after the other, the oldest first: an endpoint gets them in the order of their events.
    mutationFn: async () => {
      for (const eventId of [...chosen].sort()) await replayOne(appId, integrationId, eventId);
    },
    onSuccess: () => {
      done(t.deliveries.replayQueued);
      onDone();
    },
    onError: failed,
    onSettled: refreshDeliveries,
  });
  return (
    <Permitted scope="deliveries:write" appId={appId}>
      <Button
        size="xs"
        leftSection={<IconRepeat size={14} />}
        loading={replay.isPending}
        onClick={() => replay.mutate()}
      >
        {t.deliveries.replayChosen(figure(chosen.size))}
      </Button>
    </Permitted>
  );
}
