/** The test calls of a rehearsal, as they go on: what the far side said, and who took them at last. */

import { List, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";

import type { CallDetails, RehearsalView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { ButtonLink, TextLink } from "../../ui/links.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { Loaded, Nothing } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import classes from "../../ui/ui.module.css";
import { outcomeOf } from "../calls/outcome.ts";
import { useCallStory } from "../calls/queries.ts";
import { useProfileNames } from "../profiles/queries.ts";
import { useDeniedCalls, useTestCalls, WATCH_EVERY_MS } from "./queries.ts";
import { type Step, stepsOf } from "./steps.ts";

interface TestCallsProps {
  readonly appId: string;
  readonly rehearsal: RehearsalView;
}

export function TestCalls(props: TestCallsProps) {
  return props.rehearsal.fault === "microphone_denied" ? (
    <Denied {...props} />
  ) : (
    <Refused {...props} />
  );
}

/** Calls that were placed, and met a far side that takes none. */
function Refused({ appId, rehearsal }: TestCallsProps) {
  const calls = useTestCalls(appId, rehearsal);
  const words = t.rehearsals;
  return (
    <Section
      title={words.testCalls}
      lead={words.testCallsLead}
      flush={(calls.data?.items.length ?? 0) > 0}
      actions={
        <ButtonLink
          to="/apps/$appId/calls"
          params={{ appId }}
          search={{
            profileId: rehearsal.destinationId ?? undefined,
            preview: true,
            from: rehearsal.startedAt,
          }}
          variant="default"
        >
          {words.calls}
        </ButtonLink>
      }
    >
      <Loaded query={calls} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing title={words.testCallsNone}>{words.testCallsNoneLead}</Nothing>
          ) : (
            <Calls heads={[words.columns.at, words.columns.outcome, words.columns.way]}>
              {items.map((call) => (
                <Call key={call.id} appId={appId} call={call} />
              ))}
            </Calls>
          )
        }
      </Loaded>
    </Section>
  );
}

/** Without a microphone no call is placed: only its event tells of it. */
function Denied({ appId, rehearsal }: TestCallsProps) {
  const denied = useDeniedCalls(appId, rehearsal);
  const words = t.rehearsals;
  return (
    <Section title={words.testCalls} flush={(denied.data?.length ?? 0) > 0}>
      <Loaded query={denied} rows={2}>
        {(events) =>
          events.length === 0 ? (
            <Nothing title={words.testCallsNone}>{words.testCallsNoneLead}</Nothing>
          ) : (
            <Calls heads={[words.columns.at, words.columns.outcome]}>
              {events.map(({ id, recordedAt }) => (
                <Table.Tr key={id}>
                  <Table.Td data-label={words.columns.at}>
                    <Time value={recordedAt} />
                  </Table.Td>
                  <Table.Td data-label={words.columns.outcome}>
                    <Status tone="bad">{t.calls.errors["microphone_denied"]?.[0]}</Status>
                    <Text size="sm" c="dimmed">
                      {words.noCallPlaced}
                    </Text>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Calls>
          )
        }
      </Loaded>
    </Section>
  );
}

interface CallsProps {
  readonly heads: readonly string[];
  readonly children: ReactNode;
}

function Calls({ heads, children }: CallsProps) {
  return (
    <Table.ScrollContainer minWidth={420} scrollAreaProps={{ tabIndex: 0 }}>
      <Table aria-label={t.rehearsals.testCalls} className={classes.table}>
        <Table.Thead>
          <Table.Tr>
            {heads.map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Call({ appId, call }: { readonly appId: string; readonly call: CallDetails }) {
  const story = useCallStory(appId, call.id, WATCH_EVERY_MS);
  const { tone, words } = outcomeOf(story.data?.call ?? call);
  const heads = t.rehearsals.columns;
  return (
    <Table.Tr>
      <Table.Td data-label={heads.at}>
        <Time value={call.startedAt} />
      </Table.Td>
      <Table.Td data-label={heads.outcome}>
        <TextLink to="/apps/$appId/calls/$callId" params={{ appId, callId: call.id }}>
          <Status tone={tone}>{words}</Status>
        </TextLink>
      </Table.Td>
      <Table.Td data-label={heads.way}>
        <Loaded query={story} rows={1}>
          {({ items }) => <Steps appId={appId} of={stepsOf(items, call.profileId)} />}
        </Loaded>
      </Table.Td>
    </Table.Tr>
  );
}

function Steps({ appId, of }: { readonly appId: string; readonly of: readonly Step[] }) {
  const nameOf = useProfileNames(appId);
  return (
    <List type="ordered" size="sm" className="foreign">
      {of.map((step) => (
        <List.Item key={`${step.at} ${step.kind}`}>{wordsOf(step, nameOf)}</List.Item>
      ))}
    </List>
  );
}

function wordsOf(step: Step, nameOf: (id: string) => string | null): string {
  const words = t.rehearsals.steps;
  switch (step.kind) {
    case "rang":
      return words.rang;
    case "refused":
      return words.refused(step.answer ?? t.timeline.noResponse);
    case "taken": {
      const name = nameOf(step.profileId) ?? step.profileId;
      return step.isOverflow ? words.overflow(name) : words.taken(name);
    }
    case "failed":
      return words.failed(t.calls.errors[step.code]?.[0] ?? step.code);
    case "ended":
      return words.ended;
  }
}
