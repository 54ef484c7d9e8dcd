/** The test calls of a rehearsal, as they go on: what the far side said, and who took them at last. */

import { List, Text } from "@mantine/core";

import type { CallDetails, EventView, RehearsalView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { ButtonLink, TextLink } from "../../ui/links.tsx";
import { type Column, DataTable } from "../../ui/list/DataTable.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { Loaded, Nothing } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { outcomeOf } from "../calls/outcome.ts";
import { useCallStory } from "../calls/queries.ts";
import { useProfileNames, useProfiles } from "../profiles/queries.ts";
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
  const profile = useProfiles(appId).data?.items.find((one) => one.id === rehearsal.destinationId);
  const words = t.rehearsals;
  return (
    <Section
      title={words.testCalls}
      lead={profile?.kind === "demo" ? words.testCallsOfDemo : words.testCallsLead}
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
            <DataTable
              label={words.testCalls}
              rows={items}
              rowKey={(call) => call.id}
              columns={placedColumns(appId)}
            />
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
            <DataTable
              label={words.testCalls}
              rows={events}
              rowKey={(event) => event.id}
              columns={DENIED_COLUMNS}
            />
          )
        }
      </Loaded>
    </Section>
  );
}

const DENIED_COLUMNS: readonly Column<EventView>[] = [
  {
    id: "at",
    header: t.rehearsals.columns.at,
    title: true,
    cell: (event) => <Time value={event.recordedAt} />,
  },
  {
    id: "outcome",
    header: t.rehearsals.columns.outcome,
    cell: () => (
      <div>
        <Status tone="bad">{t.calls.errors["microphone_denied"]?.[0]}</Status>
        <Text size="sm" c="dimmed">
          {t.rehearsals.noCallPlaced}
        </Text>
      </div>
    ),
  },
];

function placedColumns(appId: string): readonly Column<CallDetails>[] {
  const heads = t.rehearsals.columns;
  return [
    { id: "at", header: heads.at, title: true, cell: (call) => <Time value={call.startedAt} /> },
    {
      id: "outcome",
      header: heads.outcome,
      cell: (call) => <Outcome appId={appId} call={call} />,
    },
    { id: "way", header: heads.way, cell: (call) => <Way appId={appId} call={call} /> },
  ];
}

interface CallProps {
  readonly appId: string;
  readonly call: CallDetails;
}

function Outcome({ appId, call }: CallProps) {
  const story = useCallStory(appId, call.id, WATCH_EVERY_MS);
  const { tone, words } = outcomeOf(story.data?.call ?? call);
  return (
    <TextLink to="/apps/$appId/calls/$callId" params={{ appId, callId: call.id }}>
      <Status tone={tone}>{words}</Status>
    </TextLink>
  );
}

function Way({ appId, call }: CallProps) {
  const story = useCallStory(appId, call.id, WATCH_EVERY_MS);
  return (
    <Loaded query={story} rows={1}>
      {({ items }) => <Steps appId={appId} of={stepsOf(items, call.profileId)} />}
    </Loaded>
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
