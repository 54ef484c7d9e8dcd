/** What happens right now. */

import { EVENT_NAMES } from "@bellpush/protocol";
import { Alert, Button, Group, Select } from "@mantine/core";
import {
  IconActivity,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlugConnectedX,
} from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { t } from "../../texts/index.ts";
import { ButtonLink } from "../../ui/links.tsx";
import { DataTable } from "../../ui/list/DataTable.tsx";
import { Typed } from "../../ui/list/filters.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { Loading, Nothing } from "../../ui/states.tsx";
import { clockTime } from "../../ui/time.ts";
import ui from "../../ui/ui.module.css";
import { eventColumns } from "../events/columns.tsx";
import { TestCallButton } from "../sessions/TestCallButton.tsx";
import type { Connection, Filter } from "./Follower.ts";
import { UnderWay } from "./UnderWay.tsx";
import { type Live as Followed, type Held, useHeld, useLive } from "./useLive.ts";

const route = "/frame/apps/$appId/live";
const ALL: Filter = {};

export default function Live() {
  const { appId } = useParams({ from: route });
  const search: Filter = useSearch({ from: route });
  const all = useLive(appId, ALL);
  const words = t.live;
  const isFiltered = search.name !== undefined || search.context !== undefined;
  return (
    <Screen
      title={words.title}
      lead={words.lead}
      actions={<TestCallButton appId={appId} variant="default" />}
    >
      <Broken live={all} />
      <UnderWay appId={appId} feed={all.feed} context={search.context} />
      {/* With a filter, the server picks the events; the calls need them all. */}
      {isFiltered ? (
        <FilteredEvents key={`${search.name} ${search.context}`} appId={appId} search={search} />
      ) : (
        <Events key="all" appId={appId} search={search} live={all} />
      )}
    </Screen>
  );
}

function Broken({ live: { connection, again } }: { readonly live: Followed }) {
  const words = t.live;
  const lost = connection.kind === "lost";
  if (!lost && connection.kind !== "stopped") return null;
  return (
    <Alert
      icon={<IconPlugConnectedX size={18} />}
      color={lost ? "yellow" : "red"}
      title={lost ? words.lost : words.stopped}
    >
      {lost ? (
        words.lostLead(clockTime(new Date(connection.since).toISOString()))
      ) : (
        <Group justify="space-between" gap="sm">
          <span className="foreign">{connection.why}</span>
          <Button size="xs" variant="default" onClick={again}>
            {t.ui.tryAgain}
          </Button>
        </Group>
      )}
    </Alert>
  );
}

interface EventsProps {
  readonly appId: string;
  readonly search: Filter;
  readonly live: Followed;
}

function FilteredEvents({ appId, search }: Omit<EventsProps, "live">) {
  const live = useLive(appId, search);
  return <Events appId={appId} search={search} live={live} />;
}

function Events({ appId, search, live }: EventsProps) {
  const navigate = useNavigate();
  const { connection, feed } = live;
  const held = useHeld(feed.events);
  const words = t.live;
  const go = (patch: Filter) =>
    void navigate({
      to: "/apps/$appId/live",
      params: { appId },
      search: { ...search, ...patch },
      resetScroll: false,
    });
  const isFiltered = search.name !== undefined || search.context !== undefined;
  return (
    <Section
      title={words.events}
      flush
      actions={
        <Group gap="sm">
          <Mark connection={connection} held={held} />
          <Button
            variant="default"
            size="xs"
            onClick={held.toggle}
            leftSection={
              held.isPaused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />
            }
          >
            {held.isPaused ? words.resume : words.pause}
          </Button>
          <ButtonLink
            variant="subtle"
            size="xs"
            to="/apps/$appId/events"
            params={{ appId }}
            search={search}
          >
            {words.earlier}
          </ButtonLink>
        </Group>
      }
    >
      <search className={`${ui.filters} ${ui.filtersInside}`} aria-label={t.ui.filters}>
        <Typed
          label={t.calls.filterContext}
          placeholder={t.calls.filterContextHint}
          value={search.context}
          onChange={(context) => go({ context })}
        />
        <Select
          label={t.events.name}
          placeholder={t.events.allNames}
          clearable
          data={[...EVENT_NAMES]}
          value={search.name ?? null}
          onChange={(name) => go({ name: name ?? undefined })}
        />
      </search>
      {held.events.length > 0 ? (
        <DataTable
          label={words.events}
          rows={held.events}
          rowKey={(event) => event.id}
          columns={eventColumns(appId, true)}
        />
      ) : connection.kind === "starting" ? (
        <Loading rows={3} />
      ) : (
        <Nothing
          icon={<IconActivity size={22} stroke={1.6} />}
          title={isFiltered ? t.ui.noMatch : words.noEvents}
          act={
            isFiltered && (
              <Button variant="default" onClick={() => go({ name: undefined, context: undefined })}>
                {t.ui.clearFilters}
              </Button>
            )
          }
        >
          {isFiltered ? words.noMatchLead : words.noEventsLead}
        </Nothing>
      )}
    </Section>
  );
}

function Mark({ connection, held }: { readonly connection: Connection; readonly held: Held }) {
  const words = t.live.states;
  const said = { starting: "none", live: "good", lost: "warn", stopped: "bad" } as const;
  return (
    <Group gap="sm" role="status">
      <Status tone={said[connection.kind]}>{words[connection.kind]}</Status>
      {held.isPaused && (
        <Status tone="warn">
          {held.isCut ? words.pausedCut(held.waiting) : words.paused(held.waiting)}
        </Status>
      )}
    </Group>
  );
}
