/** What became of the deliveries that a rehearsal met, newest first. */

import { Table, Text } from "@mantine/core";

import type { RehearsalDetails, RehearsedAttemptView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { TextLink } from "../../ui/links.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { Loaded, Nothing } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import classes from "../../ui/ui.module.css";

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
            <Table.ScrollContainer minWidth={520} scrollAreaProps={{ tabIndex: 0 }}>
              <Table aria-label={words.attempts} className={classes.table}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{words.columns.at}</Table.Th>
                    <Table.Th>{words.columns.event}</Table.Th>
                    <Table.Th>{words.columns.attempt}</Table.Th>
                    <Table.Th>{words.columns.outcome}</Table.Th>
                    <Table.Th>{words.columns.next}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {attempts.map((one) => (
                    <Table.Tr key={`${one.eventId} ${one.number}`}>
                      <Table.Td data-label={words.columns.at}>
                        <Time value={one.startedAt} />
                      </Table.Td>
                      <Table.Td data-label={words.columns.event}>
                        <TextLink
                          to="/apps/$appId/deliveries"
                          params={{ appId }}
                          search={{ integration: integrationId ?? undefined, event: one.eventId }}
                        >
                          <code>{one.eventName}</code>
                        </TextLink>
                      </Table.Td>
                      <Table.Td data-label={words.columns.attempt}>{one.number}</Table.Td>
                      <Table.Td data-label={words.columns.outcome}>
                        <Outcome of={one} />
                      </Table.Td>
                      <Table.Td data-label={words.columns.next}>
                        {one.nextDue == null ? words.last : <Time value={one.nextDue} />}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Loaded>
    </Section>
  );
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
