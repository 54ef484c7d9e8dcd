/** All calls of an app. */

import { Group, Text } from "@mantine/core";
import { IconPhone } from "@tabler/icons-react";
import {
  defaultParseSearch,
  defaultStringifySearch,
  useNavigate,
  useParams,
  useSearch,
} from "@tanstack/react-router";

import { api, client } from "../../api/client.ts";
import type { CallDetails } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { ColumnsMenu } from "../../ui/list/ColumnsMenu.tsx";
import { ListView } from "../../ui/list/ListView.tsx";
import { useCursorList } from "../../ui/list/useCursorList.ts";
import { Views } from "../../ui/list/Views.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Nothing } from "../../ui/states.tsx";
import { figure } from "../../ui/time.ts";
import { Exports } from "../exports/Exports.tsx";
import { TestCallButton } from "../sessions/TestCallButton.tsx";
import { COLUMN_NAMES, callColumns } from "./columns.tsx";
import { Filters } from "./Filters.tsx";
import { type CallFilter, type CallSearch, COLUMNS, USUAL } from "./search.ts";

const route = "/frame/apps/$appId/calls";
const rowKey = (call: CallDetails) => call.id;

export default function List() {
  const { appId } = useParams({ from: route });
  const { columns, exports, ...search }: CallSearch = useSearch({ from: route });
  const navigate = useNavigate();
  const count = api.useQuery("get", "/v1/apps/{appId}/calls/count", {
    params: { path: { appId }, query: search },
  }).data;
  const list = useCursorList<CallDetails>({
    key: ["calls", appId, search],
    rowKey,
    read: async (page) => {
      const { data } = await client.GET("/v1/apps/{appId}/calls", {
        params: { path: { appId }, query: { ...page, ...search } },
      });
      return data ?? { items: [] };
    },
  });
  const go = (next: CallFilter) => open({ ...next, columns, exports });
  const open = (next: CallSearch) =>
    void navigate({
      to: "/apps/$appId/calls",
      params: { appId },
      search: next,
      resetScroll: false,
    });
  const isFiltered = Object.values(search).some((value) => value !== undefined);
  return (
    <Screen
      title={t.calls.title}
      lead={t.calls.lead}
      actions={
        <>
          <Views
            appId={appId}
            list="calls"
            query={defaultStringifySearch({ ...search, columns })}
            onOpen={(query) => open(defaultParseSearch(query) as CallSearch)}
          />
          <Exports
            appId={appId}
            kind="calls"
            filter={search}
            rows={count?.exact ? count.count : null}
            isOpen={exports === true}
            onToggle={(isOpen) => open({ ...search, columns, exports: isOpen ? true : undefined })}
          />
          <TestCallButton appId={appId} variant="default" />
        </>
      }
    >
      <Filters appId={appId} search={search} go={(patch) => go({ ...search, ...patch })} />
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed" role="status">
          {count !== undefined && t.calls.count(figure(count.count), count.exact)}
        </Text>
        <ColumnsMenu
          all={COLUMNS.map((id) => [id, COLUMN_NAMES[id]] as const)}
          shown={columns ?? USUAL}
          onChange={(shown) => open({ ...search, exports, columns: shown })}
        />
      </Group>
      <ListView
        label={t.calls.title}
        list={list}
        rowKey={rowKey}
        columns={callColumns(appId, columns ?? USUAL)}
        onOpen={(call) =>
          void navigate({ to: "/apps/$appId/calls/$callId", params: { appId, callId: call.id } })
        }
        clear={isFiltered ? () => go({}) : null}
        empty={
          <Nothing
            icon={<IconPhone size={22} stroke={1.6} />}
            title={t.calls.none}
            act={<TestCallButton appId={appId} />}
          >
            {t.calls.noneLead}
          </Nothing>
        }
      />
    </Screen>
  );
}
