/** A rehearsal of one integration or one profile: begun, watched and ended, and those before. */

import { Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

import type { RehearsalView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { type Column, DataTable } from "../../ui/list/DataTable.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status, type Tone } from "../../ui/Status.tsx";
import { Loaded, Nothing } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { duration } from "../../ui/time.ts";
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
              <DataTable
                label={words.earlier}
                rows={items}
                rowKey={(one) => one.id}
                columns={EARLIER}
                plain
              />
            )
          }
        </Loaded>
      </Section>
    </Stack>
  );
}

const EARLIER: readonly Column<RehearsalView>[] = [
  {
    id: "at",
    header: t.rehearsals.columns.at,
    title: true,
    cell: (one) => <Time value={one.startedAt} />,
  },
  {
    id: "fault",
    header: t.rehearsals.fault,
    cell: (one) => (
      <div>
        {t.rehearsals.faults[one.fault][0]}
        {one.endedAt != null && (
          <Text size="sm" c="dimmed">
            {t.rehearsals.lasted(duration(secondsBetween(one.startedAt, one.endedAt)))}
          </Text>
        )}
      </div>
    ),
  },
  {
    id: "state",
    header: t.rehearsals.state,
    cell: (one) => <Status tone={TONES[one.state]}>{t.rehearsals.states[one.state]}</Status>,
  },
];

const secondsBetween = (from: string, to: string) =>
  Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1_000));
