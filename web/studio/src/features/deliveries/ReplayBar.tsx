/** Sends many deliveries again, by the filters of the log, and shows how far that has come. */

import { Button, Group, Progress, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconRepeat } from "@tabler/icons-react";

import { api } from "../../api/client.ts";
import type { ReplayView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { failed } from "../../ui/notify.ts";
import { figure } from "../../ui/time.ts";
import { Permitted } from "../people/Permitted.tsx";
import { REPLAYS as LIST, refreshReplays } from "./queries.ts";
import { ReplayChosen } from "./ReplayChosen.tsx";
import { ReplayDialog } from "./ReplayDialog.tsx";
import type { DeliverySearch } from "./search.ts";

interface ReplayBarProps {
  readonly appId: string;
  readonly integrationId: string;
  readonly search: DeliverySearch;
  /** The events whose deliveries were chosen one by one. */
  readonly chosen: ReadonlySet<string>;
  readonly onDone: () => void;
}

export function ReplayBar({ appId, integrationId, search, chosen, onDone }: ReplayBarProps) {
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
      <Group gap="xs">
        {chosen.size > 0 && <ReplayChosen {...path} chosen={chosen} onDone={onDone} />}
        <Permitted scope="deliveries:write" appId={appId}>
          <Button
            variant="default"
            size="xs"
            leftSection={<IconRepeat size={14} />}
            onClick={dialog.open}
            disabled={running !== undefined}
          >
            {t.deliveries.replayMany}
          </Button>
        </Permitted>
      </Group>
      {isOpen && <ReplayDialog {...path} search={search} onClose={dialog.close} />}
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
    onSuccess: refreshReplays,
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
