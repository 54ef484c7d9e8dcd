/** All events of an app. */

import { EVENT_NAMES } from "@bellpush/protocol";
import { Select } from "@mantine/core";
import { IconActivity } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";

import { client } from "../../api/client.ts";
import type { EventView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Instant, Typed } from "../../ui/list/filters.tsx";
import { ListView } from "../../ui/list/ListView.tsx";
import { useCursorList } from "../../ui/list/useCursorList.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Nothing } from "../../ui/states.tsx";
import ui from "../../ui/ui.module.css";
import { Exports } from "../exports/Exports.tsx";
import { TestCallButton } from "../sessions/TestCallButton.tsx";
import { eventColumns } from "./columns.tsx";

const Event = lazy(() => import("./Event.tsx"));

const route = "/frame/apps/$appId/events";
const rowKey = (event: EventView) => event.id;

interface EventFilter {
  readonly name?: string;
  readonly context?: string;
  readonly callId?: string;
  readonly from?: string;
  readonly to?: string;
}

interface EventSearch extends EventFilter {
  /** Whether the exports are open. */
  readonly exports?: true;
  /** The event whose drawer is open. */
  readonly open?: string;
}

export default function List() {
  const { appId } = useParams({ from: route });
  const { exports, open: opened, ...search }: EventSearch = useSearch({ from: route });
  const navigate = useNavigate();
  const list = useCursorList<EventView>({
    key: ["events", appId, search],
    rowKey,
    read: async (page) => {
      const { data } = await client.GET("/v1/apps/{appId}/events", {
        params: { path: { appId }, query: { ...page, ...search } },
      });
      return data ?? { items: [] };
    },
  });
  const open = (next: EventSearch) =>
    void navigate({
      to: "/apps/$appId/events",
      params: { appId },
      search: next,
      resetScroll: false,
    });
  const change = (patch: EventFilter) => open({ ...search, ...patch, exports });
  const isFiltered = Object.values(search).some((value) => value !== undefined);
  return (
    <Screen
      title={t.events.title}
      lead={t.events.lead}
      actions={
        <Exports
          appId={appId}
          kind="events"
          filter={search}
          rows={null}
          isOpen={exports === true}
          onToggle={(isOpen) => open({ ...search, exports: isOpen ? true : undefined })}
        />
      }
    >
      <search className={ui.filters} aria-label={t.ui.filters}>
        <Typed
          label={t.calls.filterContext}
          placeholder={t.calls.filterContextHint}
          value={search.context}
          onChange={(context) => change({ context })}
        />
        <Select
          label={t.events.name}
          placeholder={t.events.allNames}
          clearable
          w={190}
          data={[...EVENT_NAMES]}
          value={search.name ?? null}
          onChange={(name) => change({ name: name ?? undefined })}
        />
        <Typed
          label={t.events.call}
          placeholder="call_…"
          value={search.callId}
          onChange={(callId) => change({ callId })}
        />
        <Instant label={t.ui.from} value={search.from} onChange={(from) => change({ from })} />
        <Instant label={t.ui.to} value={search.to} onChange={(to) => change({ to })} />
      </search>
      <ListView
        label={t.events.title}
        list={list}
        rowKey={rowKey}
        columns={eventColumns(appId, false)}
        onOpen={(event) => open({ ...search, exports, open: event.id })}
        clear={isFiltered ? () => open({}) : null}
        empty={
          <Nothing
            icon={<IconActivity size={22} stroke={1.6} />}
            title={t.events.none}
            act={<TestCallButton appId={appId} />}
          >
            {t.events.noneLead}
          </Nothing>
        }
      />
      <Suspense>
        {opened !== undefined && (
          <Event
            appId={appId}
            eventId={opened}
            onClose={() => open({ ...search, exports, open: undefined })}
          />
        )}
      </Suspense>
    </Screen>
  );
}
