/** What became of the deliveries that a rehearsal met, newest first. */

import { Text } from "@mantine/core";

import type { RehearsalDetails, RehearsedAttemptView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { TextLink } from "../../ui/links.tsx";
import { type Column, DataTable } from "../../ui/list/DataTable.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { Loaded, Nothing } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";

interface AttemptsProps {
  readonly appId: string;
  readonly details: {
    readonly data: RehearsalDetails | undefined;
    readonly error: unknown;
    readonly refetch: () => unknown;
  };
}

export function Attempts({ appId, details }: AttemptsProps) {
  const words = t.rehearsals;
  return (
    <Section title={words.attempts} flush={(details.data?.attempts.length ?? 0) > 0}>
      <Loaded query={details} rows={4}>
        {({ attempts, integrationId }) =>
          attempts.length === 0 ? (
            <Nothing title={words.attemptsNone}>{words.attemptsNoneLead}</Nothing>
          ) : (
            <DataTable
              label={words.attempts}
              rows={attempts}
              rowKey={(one) => `${one.eventId} ${one.number}`}
              columns={columns(appId, integrationId)}
            />
          )
        }
      </Loaded>
    </Section>
  );
}

function columns(
  appId: string,
  integrationId: RehearsalDetails["integrationId"],
): readonly Column<RehearsedAttemptView>[] {
  const words = t.rehearsals.columns;
  return [
    { id: "at", header: words.at, title: true, cell: (one) => <Time value={one.startedAt} /> },
    {
      id: "event",
      header: words.event,
      cell: (one) => (
        <TextLink
          to="/apps/$appId/deliveries"
          params={{ appId }}
          search={{ integration: integrationId ?? undefined, event: one.eventId }}
        >
          <code>{one.eventName}</code>
        </TextLink>
      ),
    },
    { id: "attempt", header: words.attempt, cell: (one) => one.number },
    { id: "outcome", header: words.outcome, cell: (one) => <Outcome of={one} /> },
    {
      id: "next",
      header: words.next,
      cell: ({ nextDue }) => (nextDue == null ? t.rehearsals.last : <Time value={nextDue} />),
    },
  ];
}

function Outcome({ of: { failure, status, rehearsalId } }: { readonly of: RehearsedAttemptView }) {
  const words = t.rehearsals;
  if (failure == null) return <Status tone="good">{words.delivered}</Status>;
  const why =
    failure === "status" && status != null ? String(status) : t.deliveries.detail.failures[failure];
  return (
    <div>
      <Status tone="bad">{why}</Status>
      {rehearsalId != null && (
        <Text size="sm" c="dimmed">
          {words.simulated}
        </Text>
      )}
    </div>
  );
}
