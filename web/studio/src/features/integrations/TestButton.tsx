/** Sends a sample event to an integration's endpoint, and shows what came of it. */

import { Button, Group, Select, SimpleGrid, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconSend } from "@tabler/icons-react";
import { useState } from "react";

import { api } from "../../api/client.ts";
import type { TestReport } from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { Modal } from "../../ui/dialogs.tsx";
import { Status } from "../../ui/Status.tsx";
import { TimingChart } from "../deliveries/TimingChart.tsx";
import { Permitted } from "../people/Permitted.tsx";
import { pretty } from "./IntegrationFields.tsx";

interface TestButtonProps {
  readonly appId: string;
  readonly integrationId: string;
  readonly events: readonly string[];
}

export function TestButton(props: TestButtonProps) {
  const [isOpen, dialog] = useDisclosure(false);
  return (
    <>
      <Permitted scope="integrations:write" appId={props.appId}>
        <Button variant="default" leftSection={<IconSend size={16} />} onClick={dialog.open}>
          {t.integrations.test.act}
        </Button>
      </Permitted>
      {isOpen && <TestDialog {...props} onClose={dialog.close} />}
    </>
  );
}

function TestDialog({
  appId,
  integrationId,
  events,
  onClose,
}: TestButtonProps & { readonly onClose: () => void }) {
  const words = t.integrations.test;
  const [event, setEvent] = useState(events[0] ?? "call_ended");
  const test = api.useMutation("post", "/v1/apps/{appId}/integrations/{integrationId}/test");
  return (
    <Modal opened onClose={onClose} size="xl" title={words.title}>
      <Stack>
        <Text c="dimmed">{words.lead}</Text>
        <Group align="flex-end" gap="xs">
          <Select
            label={words.event}
            allowDeselect={false}
            data={[...new Set([...events, "call_ended"])]}
            value={event}
            onChange={(name) => setEvent(name ?? event)}
          />
          <Button
            loading={test.isPending}
            onClick={() =>
              test.mutate({ params: { path: { appId, integrationId } }, body: { event } })
            }
          >
            {words.send}
          </Button>
        </Group>
        <div aria-live="polite">
          {test.error !== null && (
            <Text c="var(--studio-bad)" className="foreign">
              {asProblem(test.error).message}
            </Text>
          )}
          {test.data !== undefined && <Report report={test.data} />}
        </div>
      </Stack>
    </Modal>
  );
}

function Report({ report }: { readonly report: TestReport }) {
  const words = t.integrations.test;
  const { request, response } = report;
  return (
    <Stack>
      <Text fw={600} className="foreign">
        <Status tone={report.delivered ? "good" : "bad"}>
          {report.delivered
            ? words.delivered(response?.status ?? 0, report.durationMs)
            : words.refused(
                report.problem ?? t.deliveries.detail.failures[report.failure ?? "status"],
              )}
        </Status>
      </Text>
      {request.url !== "" && <TimingChart timing={report.timing} />}
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <div>
          <Text fw={500} size="sm" mb={4}>
            {words.request}
          </Text>
          <Code
            text={`POST ${request.url}\n${lines(request.headers)}\n\n${pretty(request.body)}`}
            label={words.request}
          />
        </div>
        <div>
          <Text fw={500} size="sm" mb={4}>
            {words.response}
          </Text>
          {response == null ? (
            <Text c="dimmed">{words.noResponse}</Text>
          ) : (
            <Code
              text={`${response.status}\n${lines(response.headers)}\n\n${pretty(response.body)}`}
              label={words.response}
            />
          )}
        </div>
      </SimpleGrid>
    </Stack>
  );
}

const lines = (headers: readonly { readonly name: string; readonly value: string }[]) =>
  headers.map(({ name, value }) => `${name}: ${value}`).join("\n");
