/** All calls of an app. */

import { IconPhone } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { client } from "../../api/client.ts";
import type { CallDetails } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { ListView } from "../../ui/ListView.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Nothing } from "../../ui/states.tsx";
import { useCursorList } from "../../ui/useCursorList.ts";
import { TestCallButton } from "../sessions/TestCallButton.tsx";
import { callColumns } from "./columns.tsx";
import { Filters } from "./Filters.tsx";
import type { CallSearch } from "./search.ts";

const route = "/frame/apps/$appId/calls";
const rowKey = (call: CallDetails) => call.id;

export default function List() {
  const { appId } = useParams({ from: route });
  const search: CallSearch = useSearch({ from: route });
  const navigate = useNavigate();
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
  const go = (next: CallSearch) =>
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
      actions={<TestCallButton appId={appId} variant="default" />}
    >
      <Filters appId={appId} search={search} go={(patch) => go({ ...search, ...patch })} />
      <ListView
        label={t.calls.title}
        list={list}
        rowKey={rowKey}
        columns={callColumns(appId)}
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
