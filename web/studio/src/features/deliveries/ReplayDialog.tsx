/** What is sent again by the filters of the log: exactly what they show, and how much that is. */

import { Button, Checkbox, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";

import { api, client } from "../../api/client.ts";
import { t } from "../../texts/index.ts";
import { Modal } from "../../ui/dialogs.tsx";
import { Facts } from "../../ui/Facts.tsx";
import { done } from "../../ui/notify.ts";
import { figure, shortTime } from "../../ui/time.ts";
import { useAct } from "../../ui/useAct.ts";
import { REPLAYS, refreshDeliveries, replayOne } from "./queries.ts";
import type { DeliverySearch } from "./search.ts";

interface ReplayDialogProps {
  readonly appId: string;
  readonly integrationId: string;
  readonly search: DeliverySearch;
  readonly onClose: () => void;
}

/** What has ended can be sent again; what waits is sent as it is. */
const ENDED = ["dead", "delivered"] as const;
/** Deliveries that are counted before. */
const COUNTED = 500;

export function ReplayDialog({ appId, integrationId, search, onClose }: ReplayDialogProps) {
  const words = t.deliveries;
  const { name, call: callId, event: eventId, context, from, to } = search;
  const [status, setStatus] = useState(() =>
    // Without a choice what was given up: of many that have arrived, none is sent again unasked.
    ENDED.filter(
      (one) => search.status?.includes(one) ?? (eventId !== undefined || one === "dead"),
    ),
  );
  const filters = { name, callId, context, from, to };
  const path = { appId, integrationId };
  const found = api.useQuery(
    "get",
    "/v1/apps/{appId}/integrations/{integrationId}/deliveries",
    { params: { path, query: { ...filters, eventId, status, limit: COUNTED } } },
    { enabled: status.length > 0, staleTime: 0 },
  );
  const count = status.length === 0 ? 0 : found.data?.items.length;
  const start = async () => {
    // An event has one delivery here, which is sent again by itself.
    if (eventId !== undefined) await replayOne(appId, integrationId, eventId);
    else await client.POST(REPLAYS, { params: { path }, body: { status, ...filters } });
    await refreshDeliveries();
    done(words.replayQueued);
    onClose();
  };
  const { busy, error, submit } = useAct(start, [status]);
  return (
    <Modal opened onClose={onClose} title={words.replayTitle}>
      <form onSubmit={submit}>
        <Stack>
          <Text>{words.replayLead}</Text>
          <Facts
            of={[
              [words.event, name],
              [words.eventId, eventId],
              [words.call, callId],
              [words.context, context],
              [t.ui.from, from && shortTime(from)],
              [t.ui.to, to && shortTime(to)],
            ]}
          />
          {ENDED.map((one) => (
            <Checkbox
              key={one}
              label={words.statuses[one]}
              checked={status.includes(one)}
              onChange={(event) => {
                const { checked } = event.currentTarget;
                setStatus(
                  ENDED.filter((other) => (other === one ? checked : status.includes(other))),
                );
              }}
            />
          ))}
          <Text fw={600} role="status">
            {count === undefined
              ? t.ui.loading
              : words.replayCount(figure(count), found.data?.next != null)}
          </Text>
          {error !== null && (
            <Text c="var(--studio-bad)" role="alert" className="foreign">
              {error}
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t.ui.cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={count === undefined || count === 0}>
              {words.replayStart}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
