/** The columns of the delivery log. */

import { Badge, Checkbox, Group, UnstyledButton } from "@mantine/core";

import type { DeliveryView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Id } from "../../ui/Id.tsx";
import type { Column } from "../../ui/list/DataTable.tsx";
import { Status, type Tone } from "../../ui/Status.tsx";
import { Time } from "../../ui/Time.tsx";
import classes from "../../ui/ui.module.css";
import type { DeliveryStatus } from "./search.ts";

export const TONES: Readonly<Record<DeliveryStatus, Tone>> = {
  pending: "warn",
  delivered: "good",
  dead: "bad",
};

export interface Choice {
  readonly chosen: ReadonlySet<string>;
  readonly choose: (eventId: string, isChosen: boolean) => void;
}

export function deliveryColumns(
  open: (eventId: string) => void,
  { chosen, choose }: Choice,
): readonly Column<DeliveryView>[] {
  const words = t.deliveries;
  return [
    {
      id: "choose",
      header: "",
      // What waits is sent as it is.
      cell: (row) => (
        <Checkbox
          size="xs"
          aria-label={words.choose(`${row.eventName} ${row.eventId}`)}
          disabled={row.status === "pending"}
          checked={chosen.has(row.eventId) && row.status !== "pending"}
          onChange={(event) => choose(row.eventId, event.currentTarget.checked)}
        />
      ),
    },
    {
      id: "status",
      header: words.status,
      title: true,
      cell: (row) => (
        <Group gap="xs" wrap="nowrap">
          <UnstyledButton className={classes.rowLink} onClick={() => open(row.eventId)}>
            <Status tone={TONES[row.status]}>{words.statuses[row.status]}</Status>
          </UnstyledButton>
          {row.replayed && (
            <Badge size="sm" variant="default">
              {words.replayed}
            </Badge>
          )}
        </Group>
      ),
    },
    { id: "event", header: words.event, cell: (row) => <code>{row.eventName}</code> },
    { id: "at", header: words.received, cell: (row) => <Time value={row.recordedAt} /> },
    {
      id: "due",
      header: words.nextDue,
      cell: (row) => (row.nextDue == null ? null : <Time value={row.nextDue} relative />),
    },
    { id: "call", header: words.call, cell: (row) => row.callId && <Id value={row.callId} /> },
    { id: "attempts", header: words.attempts, end: true, cell: (row) => row.attemptCount },
  ];
}
