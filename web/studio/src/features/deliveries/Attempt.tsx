/** One attempt of a delivery: what was sent, what came back, and how long each part took. */

import { Button, Collapse, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconChevronUp } from "@tabler/icons-react";

import type { AttemptView, Exchange, Header } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { TextLink } from "../../ui/links.tsx";
import { Status } from "../../ui/Status.tsx";
import { Time } from "../../ui/Time.tsx";
import { figure } from "../../ui/time.ts";
import classes from "./deliveries.module.css";
import { TimingChart } from "./TimingChart.tsx";

interface AttemptProps {
  readonly appId: string;
  /** The event's call, which shows it in full. */
  readonly callId: string | null | undefined;
  readonly attempt: AttemptView;
  /** Whether what was sent is shown at first. */
  readonly open: boolean;
}

export function Attempt({ appId, callId, attempt, open }: AttemptProps) {
  const words = t.deliveries.detail;
  const [isOpen, details] = useDisclosure(open);
  const isDelivered = attempt.failure == null;
  const { exchange } = attempt;
  const Chevron = isOpen ? IconChevronUp : IconChevronDown;
  return (
    <section className={classes.attempt} aria-label={words.attempt(attempt.number)}>
      <Group justify="space-between" gap="xs">
        <Text fw={600}>{words.attempt(attempt.number)}</Text>
        <Status tone={isDelivered ? "good" : "bad"}>
          {attempt.status != null && `${attempt.status} · `}
          {isDelivered
            ? t.deliveries.statuses.delivered
            : words.failures[attempt.failure ?? "status"]}
        </Status>
      </Group>
      <Text size="sm" c="dimmed" mb="xs">
        <Time value={attempt.startedAt} /> · {words.took} {attempt.durationMs} ms
        {attempt.nextDue != null && (
          <>
            {" · "}
            {words.due} <Time value={attempt.nextDue} />
          </>
        )}
      </Text>
      {attempt.detail !== "" && <Code text={attempt.detail} label={words.answer} />}
      {exchange == null ? (
        <Text size="xs" c="dimmed" mt="xs">
          {attempt.failure === "template" || attempt.rehearsalId != null
            ? words.notSent
            : words.notKept}
        </Text>
      ) : (
        <>
          <Button
            variant="subtle"
            size="compact-sm"
            mt="xs"
            rightSection={<Chevron size={14} />}
            aria-expanded={isOpen}
            onClick={details.toggle}
          >
            {words.exchange}
          </Button>
          <Collapse expanded={isOpen}>
            <Sent appId={appId} callId={callId} exchange={exchange} status={attempt.status} />
          </Collapse>
        </>
      )}
    </section>
  );
}

interface SentProps {
  readonly appId: string;
  readonly callId: string | null | undefined;
  readonly exchange: Exchange;
  readonly status: number | null | undefined;
}

function Sent({ appId, callId, exchange, status }: SentProps) {
  const words = t.deliveries.detail;
  const { request, responseHeaders, timing } = exchange;
  return (
    <Stack gap="sm" pt="xs">
      <Part title={t.deliveries.timing.title}>
        <TimingChart timing={timing} />
      </Part>
      <Part title={words.request}>
        <Code
          text={[`${request.method} ${request.url}`, ...request.headers.map(line)].join("\n")}
          label={words.request}
        />
        {request.body != null && <Code text={request.body} label={words.body} />}
        <Text size="xs" c="dimmed" mt={4}>
          {words.bodySize(figure(request.bodyBytes))}{" "}
          {request.body == null &&
            (callId == null ? (
              words.bodyIsEvent
            ) : (
              <TextLink to="/apps/$appId/calls/$callId" params={{ appId, callId }}>
                {words.bodyIsEvent}
              </TextLink>
            ))}
        </Text>
      </Part>
      {responseHeaders != null && (
        <Part title={words.response}>
          <Code
            text={[`${status ?? ""}`, ...responseHeaders.map(line)].join("\n")}
            label={words.response}
          />
        </Part>
      )}
    </Stack>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <Text fw={500} size="sm" mb={4}>
        {title}
      </Text>
      {children}
    </div>
  );
}

const line = ({ name, value }: Header): string => `${name}: ${value}`;
