/** Sends many deliveries again, by the filters of the log, and shows how far that has come. */

import { Button, Checkbox, Group, Modal, Progress, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconRepeat } from "@tabler/icons-react";
import { useState } from "react";

import { api, client, queryClient } from "../../api/client.ts";
import type { ReplayView } from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { Facts } from "../../ui/Facts.tsx";
import { done, failed } from "../../ui/notify.ts";
import { figure, shortTime } from "../../ui/time.ts";
import type { DeliverySearch } from "./search.ts";

const LIST = "/v1/apps/{appId}/integrations/{integrationId}/replays";

interface ReplayBarProps {
  readonly appId: string;
  readonly integrationId: string;
  readonly search: DeliverySearch;
}

export function ReplayBar(props: ReplayBarProps) {
  const { appId, integrationId } = props;
  const path = { appId, integrationId };
  const [isOpen, dialog] = useDisclosure(false);
  const replays = api.useQuery(
    "get",
    LIST,
    { params: { path, query: { limit: 1 } } },
    { refetchInterval: 3_000 },
  );
  const running = replays.data?.items.find((replay) => replay.state === "running");
  return (
    <Group justify="space-between">
      {running === undefined ? <span /> : <Running path={path} replay={running} />}
      <Button
        variant="default"
        size="xs"
        leftSection={<IconRepeat size={14} />}
        onClick={dialog.open}
        disabled={running !== undefined}
      >
        {t.deliveries.replayMany}
      </Button>
      {isOpen && <ReplayDialog {...props} onClose={dialog.close} />}
    </Group>
  );
}

interface RunningProps {
  readonly path: { readonly appId: string; readonly integrationId: string };
  readonly replay: ReplayView;
}

function Running({ path, replay }: RunningProps) {
  const words = t.deliveries;
  const cancel = api.useMutation("post", `${LIST}/{replayId}/cancel`, {
    onSuccess: refresh,
    onError: failed,
  });
  const total = replay.total ?? null;
  return (
    <Group gap="sm" role="status">
      <Text size="sm">
        {words.replayRunning(replay.replayed, total === null ? "…" : figure(total))}
      </Text>
      {total !== null && total > 0 && (
        <Progress value={(100 * replay.replayed) / total} w={120} aria-label={words.replayMany} />
      )}
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => cancel.mutate({ params: { path: { ...path, replayId: replay.id } } })}
      >
        {words.replayCancel}
      </Button>
    </Group>
  );
}

const refresh = () => queryClient.invalidateQueries({ queryKey: ["get", LIST] });

function ReplayDialog({
  appId,
  integrationId,
  search,
  onClose,
}: ReplayBarProps & { readonly onClose: () => void }) {
  const words = t.deliveries;
  const [delivered, setDelivered] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const start = async () => {
    try {
      await client.POST(LIST, {
        params: { path: { appId, integrationId } },
        body: {
          status: delivered ? ["dead", "delivered"] : ["dead"],
          name: search.name,
          callId: search.call,
          context: search.context,
          from: search.from,
          to: search.to,
        },
      });
      await refresh();
      done(words.replayQueued);
      onClose();
    } catch (caught) {
      setError(asProblem(caught).message);
    }
  };
  return (
    <Modal opened onClose={onClose} title={words.replayTitle}>
      <Stack>
        <Text>{words.replayLead}</Text>
        <Facts
          of={[
            [words.event, search.name],
            [words.call, search.call],
            [words.context, search.context],
            [t.ui.from, search.from && shortTime(search.from)],
            [t.ui.to, search.to && shortTime(search.to)],
          ]}
        />
        <Checkbox
          label={words.replayDelivered}
          checked={delivered}
          onChange={(event) => setDelivered(event.currentTarget.checked)}
        />
        {error !== null && (
          <Text c="var(--studio-bad)" role="alert" className="foreign">
            {error}
          </Text>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t.ui.cancel}
          </Button>
          <Button onClick={start}>{words.replayStart}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
