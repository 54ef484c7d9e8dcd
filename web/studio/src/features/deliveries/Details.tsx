/** One delivery with all its attempts. */

import { Button, Group, Stack, Text } from "@mantine/core";
import { IconRepeat } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";

import { api } from "../../api/client.ts";
import type { AttemptView, DeliveryDetails } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Drawer } from "../../ui/dialogs.tsx";
import { Facts } from "../../ui/Facts.tsx";
import { Id } from "../../ui/Id.tsx";
import { TextLink } from "../../ui/links.tsx";
import { done, failed } from "../../ui/notify.ts";
import { Status } from "../../ui/Status.tsx";
import { Loaded } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { duration, figure } from "../../ui/time.ts";
import { Permitted } from "../people/Permitted.tsx";
import { Attempt } from "./Attempt.tsx";
import { TONES } from "./columns.tsx";
import { DELIVERY as ONE, refreshDeliveries, replayOne } from "./queries.ts";

interface DetailsProps {
  readonly appId: string;
  readonly integrationId: string;
  readonly eventId: string;
  readonly onClose: () => void;
}

export default function Details({ appId, integrationId, eventId, onClose }: DetailsProps) {
  const params = { path: { appId, integrationId, eventId } };
  const delivery = api.useQuery("get", ONE, { params }, { refetchInterval: 3_000 });
  const replay = useMutation({
    mutationFn: () => replayOne(appId, integrationId, eventId),
    onSuccess: async () => {
      done(t.deliveries.replayQueued);
      await refreshDeliveries();
    },
    onError: failed,
  });
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={t.deliveries.detail.title}>
      <Loaded query={delivery} rows={6}>
        {(loaded) => (
          <Stack gap="lg">
            <Summary appId={appId} delivery={loaded} />
            {loaded.status !== "pending" && (
              <Group>
                <Permitted scope="deliveries:write" appId={appId}>
                  <Button
                    variant="default"
                    leftSection={<IconRepeat size={16} />}
                    loading={replay.isPending}
                    onClick={() => replay.mutate()}
                  >
                    {t.deliveries.replay}
                  </Button>
                </Permitted>
              </Group>
            )}
            {loaded.attempts.length === 0 && (
              <Text c="dimmed">{t.deliveries.detail.noAttempt}</Text>
            )}
            {[...loaded.attempts].reverse().map((attempt, index) => (
              <Attempt
                key={attempt.number}
                appId={appId}
                callId={loaded.callId}
                attempt={attempt}
                open={index === 0}
              />
            ))}
          </Stack>
        )}
      </Loaded>
    </Drawer>
  );
}

function Summary({
  appId,
  delivery,
}: {
  readonly appId: string;
  readonly delivery: DeliveryDetails;
}) {
  const words = t.deliveries;
  const attempted = delivery.attempts[0]?.startedAt;
  const answered = answeredAt(delivery.attempts);
  return (
    <Facts
      of={[
        [
          words.status,
          <Status key="status" tone={TONES[delivery.status]}>
            {words.statuses[delivery.status]}
          </Status>,
        ],
        [words.event, <code key="name">{delivery.eventName}</code>],
        [t.calls.one.id, <Id key="id" value={delivery.eventId} whole />],
        [words.detail.queued, <Time key="at" value={delivery.recordedAt} />],
        [
          words.detail.attempted,
          attempted && (
            <span key="attempted">
              <Time value={attempted} /> · {since(delivery.recordedAt, attempted)}
            </span>
          ),
        ],
        [
          words.detail.answered,
          answered && (
            <span key="answered">
              <Time value={answered} /> · {since(delivery.recordedAt, answered)}
            </span>
          ),
        ],
        [words.nextDue, delivery.nextDue && <Time value={delivery.nextDue} relative />],
        [
          words.call,
          delivery.callId && (
            <TextLink
              to="/apps/$appId/calls/$callId"
              params={{ appId, callId: delivery.callId }}
              className="mono foreign"
            >
              {delivery.callId}
            </TextLink>
          ),
        ],
      ]}
    />
  );
}

/** When an endpoint took it, at last: the end of that attempt's answer. */
function answeredAt(attempts: readonly AttemptView[]): string | undefined {
  const taken = attempts.findLast(({ failure }) => failure == null);
  return taken && new Date(Date.parse(taken.startedAt) + taken.durationMs).toISOString();
}

/** How much later one time is than another, such as "+40 ms" or "+1:12". */
function since(from: string, to: string): string {
  const ms = Math.max(0, Date.parse(to) - Date.parse(from));
  return ms < 10_000 ? `+${figure(ms)} ms` : `+${duration(Math.floor(ms / 1_000))}`;
}
