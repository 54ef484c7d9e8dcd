/** What happens right now. */

import { EVENT_NAMES } from "@bellpush/protocol";
import { Button, Group, Select, Text } from "@mantine/core";
import { IconActivity, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { api } from "../../api/client.ts";
import type { CallView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { DataTable } from "../../ui/DataTable.tsx";
import { Id } from "../../ui/Id.tsx";
import { TextLink } from "../../ui/links.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { Nothing } from "../../ui/states.tsx";
import { clockTime, duration, shortTime } from "../../ui/time.ts";
import { useProfileNames } from "../profiles/queries.ts";
import { TestCallButton } from "../sessions/TestCallButton.tsx";
import classes from "./calls.module.css";
import { dataOf, nameOf, timeOf } from "./timeline.ts";
import { type LiveEvents, useLiveEvents } from "./useLiveEvents.ts";

const route = "/frame/apps/$appId/live";

export default function Live() {
  const { appId } = useParams({ from: route });
  const { name } = useSearch({ from: route });
  const navigate = useNavigate();
  const live = useLiveEvents(appId, name);
  const words = t.calls.live;
  return (
    <Screen
      title={words.title}
      lead={words.lead}
      actions={<TestCallButton appId={appId} variant="default" />}
    >
      <UnderWay appId={appId} />
      <Section
        title={words.events}
        flush
        actions={
          <Group gap="sm">
            <LiveMark live={live} />
            <Select
              aria-label={words.name}
              placeholder={words.allNames}
              size="xs"
              clearable
              data={[...EVENT_NAMES]}
              value={name ?? null}
              onChange={(value) =>
                void navigate({
                  to: "/apps/$appId/live",
                  params: { appId },
                  search: { name: value ?? undefined },
                })
              }
            />
            <Button
              variant="default"
              size="xs"
              onClick={live.toggle}
              leftSection={
                live.state === "paused" ? (
                  <IconPlayerPlay size={14} />
                ) : (
                  <IconPlayerPause size={14} />
                )
              }
            >
              {live.state === "paused" ? words.resume : words.pause}
            </Button>
          </Group>
        }
      >
        {live.events.length === 0 ? (
          <Nothing icon={<IconActivity size={22} stroke={1.6} />} title={words.noEvents}>
            {words.noEventsLead}
          </Nothing>
        ) : (
          <Events appId={appId} events={live.events} />
        )}
      </Section>
    </Screen>
  );
}

function LiveMark({ live }: { readonly live: LiveEvents }) {
  const words = t.calls.live.states;
  switch (live.state) {
    case "starting":
      return <Status tone="none">{words.starting}</Status>;
    case "live":
      return <Status tone="good">{words.live}</Status>;
    case "paused":
      return <Status tone="warn">{words.paused(live.waiting)}</Status>;
    case "failed":
      return (
        <span role="alert">
          <Status tone="bad">{words.failed}</Status>
        </span>
      );
  }
}

function Events({
  appId,
  events,
}: {
  readonly appId: string;
  readonly events: LiveEvents["events"];
}) {
  const words = t.calls.live;
  return (
    <DataTable
      label={words.events}
      rows={events}
      rowKey={(event) => event.id}
      columns={[
        {
          id: "name",
          header: words.name,
          title: true,
          cell: (event) => <code>{nameOf(event)}</code>,
        },
        {
          id: "at",
          header: words.when,
          cell: (event) => (
            <time dateTime={timeOf(event)} title={shortTime(timeOf(event))}>
              {clockTime(timeOf(event))}
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
              {dataOf(event)
                .filter(([, value]) => value !== null)
                .map(([name, value]) => `${name}: ${String(value)}`)
                .join(" · ")}
            </Text>
          ),
        },
        { id: "id", header: t.calls.one.id, cell: (event) => <Id value={event.id} />, end: true },
      ]}
    />
  );
}

/** Calls among which those under way are looked for. */
const LOOK_AT = 100;

function UnderWay({ appId }: { readonly appId: string }) {
  const calls = api.useQuery(
    "get",
    "/v1/apps/{appId}/calls",
    { params: { path: { appId }, query: { limit: LOOK_AT } } },
    { refetchInterval: 2_000 },
  );
  const live = calls.data?.items.filter((call) => call.state === "live") ?? [];
  return (
    <Section title={`${t.calls.live.underWay} · ${live.length}`}>
      {live.length === 0 ? (
        <Text c="dimmed">{t.calls.live.nobody}</Text>
      ) : (
        <div className={classes.now}>
          {live.map((call) => (
            <LiveCall key={call.id} appId={appId} call={call} />
          ))}
        </div>
      )}
    </Section>
  );
}

function LiveCall({ appId, call }: { readonly appId: string; readonly call: CallView }) {
  const nameOf = useProfileNames(appId);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor((now - Date.parse(call.startedAt)) / 1_000));
  return (
    <Link
      to="/apps/$appId/calls/$callId"
      params={{ appId, callId: call.id }}
      className={classes.nowCall}
    >
      <div className={classes.clock}>{duration(seconds)}</div>
      <div className="one-line">{nameOf(call.profileId)}</div>
      <Text size="xs" c="dimmed">
        {t.calls.live.since(shortTime(call.startedAt))}
      </Text>
    </Link>
  );
}
