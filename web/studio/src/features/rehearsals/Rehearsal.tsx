/** A rehearsal of one integration or one profile: begun, watched and ended, and those before. */

import { Stack, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";

import type { RehearsalView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import { Status, type Tone } from "../../ui/Status.tsx";
import { Loaded, Nothing } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { duration } from "../../ui/time.ts";
import classes from "../../ui/ui.module.css";
import { Begin } from "./Begin.tsx";
import { type Target, useRehearsals } from "./queries.ts";
import { Watch } from "./Watch.tsx";

interface RehearsalProps {
  readonly appId: string;
  readonly target: Target;
  /** Shown in place of the form where no preview would come. */
  readonly obstacle?: ReactNode;
}

const TONES: Readonly<Record<RehearsalView["state"], Tone>> = {
  running: "bad",
  recovering: "warn",
  over: "good",
};

export default function Rehearsal({ appId, target, obstacle }: RehearsalProps) {
  const rehearsals = useRehearsals(appId, target);
  const words = t.rehearsals;
  const [newest] = rehearsals.data?.items ?? [];
  const lead = "integrationId" in target ? words.integrationLead : words.profileLead;
  return (
    <Stack gap="md">
      <Section title={words.title} lead={lead}>
        {newest?.state !== "running" && (
          <Loaded query={rehearsals} rows={4}>
            {() => obstacle ?? <Begin appId={appId} target={target} />}
          </Loaded>
        )}
      </Section>
      {newest !== undefined && <Watch key={newest.id} appId={appId} rehearsal={newest} />}
      <Section title={words.earlier} flush={(rehearsals.data?.items.length ?? 0) > 0}>
        <Loaded query={rehearsals} rows={3}>
          {({ items }) =>
            items.length === 0 ? (
              <Nothing title={words.earlierNone}>{words.earlierNoneLead}</Nothing>
            ) : (
              <Earlier items={items} />
            )
          }
        </Loaded>
      </Section>
    </Stack>
  );
}

function Earlier({ items }: { readonly items: readonly RehearsalView[] }) {
  const words = t.rehearsals;
  return (
    <Table.ScrollContainer minWidth={300} scrollAreaProps={{ tabIndex: 0 }}>
      <Table aria-label={words.earlier} className={classes.table}>
        <Table.Tbody>
          {items.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td>
                <Time value={one.startedAt} />
              </Table.Td>
              <Table.Td>
                {words.faults[one.fault][0]}
                {one.endedAt != null && (
                  <Text size="sm" c="dimmed">
                    {words.lasted(duration(secondsBetween(one.startedAt, one.endedAt)))}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                <Status tone={TONES[one.state]}>{words.states[one.state]}</Status>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const secondsBetween = (from: string, to: string) =>
  Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1_000));
