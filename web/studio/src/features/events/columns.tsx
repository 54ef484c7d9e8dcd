/** The columns of lists of events. */

import { Badge, Group, Text } from "@mantine/core";

import type { EventView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Id } from "../../ui/Id.tsx";
import { TextLink } from "../../ui/links.tsx";
import type { Column } from "../../ui/list/DataTable.tsx";
import { clockTime, exactTime, shortTime } from "../../ui/time.ts";
import ui from "../../ui/ui.module.css";
import { factsOf, nameOf, timeOf } from "./event.ts";

/** `isLive`: what happens now is told apart by milliseconds, not by days. */
export function eventColumns(appId: string, isLive: boolean): readonly Column<EventView>[] {
  const words = t.events;
  const written = isLive ? clockTime : shortTime;
  return [
    {
      id: "name",
      header: words.name,
      title: true,
      cell: (event) => (
        <Group gap="xs" wrap="nowrap">
          <TextLink
            to="/apps/$appId/events"
            params={{ appId }}
            search={isLive ? { open: event.id } : (before) => ({ ...before, open: event.id })}
            className={ui.rowLink}
          >
            <code>{nameOf(event)}</code>
          </TextLink>
          {event.preview && (
            <Badge size="sm" variant="default">
              {t.calls.one.preview}
            </Badge>
          )}
        </Group>
      ),
    },
    {
      id: "at",
      header: words.when,
      cell: (event) => (
        <time dateTime={timeOf(event)} title={exactTime(timeOf(event))}>
          {written(timeOf(event))}
        </time>
      ),
    },
    {
      id: "call",
      header: words.call,
      cell: (event) =>
        event.callId != null && (
          <TextLink
            to="/apps/$appId/calls/$callId"
            params={{ appId, callId: event.callId }}
            size="sm"
            className="mono"
          >
            …{event.callId.slice(-6)}
          </TextLink>
        ),
    },
    {
      id: "data",
      header: words.data,
      cell: (event) => (
        <Text size="sm" c="dimmed" className="one-line">
          {factsOf(event.event)}
        </Text>
      ),
    },
    { id: "id", header: words.id, cell: (event) => <Id value={event.id} />, end: true },
  ];
}
