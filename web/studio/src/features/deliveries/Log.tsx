/** The delivery log of an app's integrations. */

import { Group, Select } from "@mantine/core";
import { IconListCheck } from "@tabler/icons-react";
import {
  defaultParseSearch,
  defaultStringifySearch,
  useNavigate,
  useParams,
  useSearch,
} from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";

import { client } from "../../api/client.ts";
import type { DeliveryView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { ButtonLink } from "../../ui/links.tsx";
import { ListView } from "../../ui/list/ListView.tsx";
import { useCursorList } from "../../ui/list/useCursorList.ts";
import { Views } from "../../ui/list/Views.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Loaded, Nothing } from "../../ui/states.tsx";
import { useIntegrations } from "../integrations/queries.ts";
import { TestButton } from "../integrations/TestButton.tsx";
import { deliveryColumns } from "./columns.tsx";
import { Filters } from "./Filters.tsx";
import { ReplayBar } from "./ReplayBar.tsx";
import { Statistics } from "./Statistics.tsx";
import type { DeliverySearch } from "./search.ts";

const Details = lazy(() => import("./Details.tsx"));

const route = "/frame/apps/$appId/deliveries";
const rowKey = (row: DeliveryView) => row.eventId;

export default function Log() {
  const { appId } = useParams({ from: route });
  const search = useSearch({ from: route });
  const navigate = useNavigate();
  const integrations = useIntegrations(appId);
  const words = t.deliveries;
  const go = (patch: DeliverySearch) =>
    void navigate({
      to: "/apps/$appId/deliveries",
      params: { appId },
      search: { ...search, ...patch },
      resetScroll: false,
    });
  return (
    <Screen
      title={words.title}
      lead={words.lead}
      actions={
        <Views
          appId={appId}
          list="deliveries"
          query={defaultStringifySearch({ ...search, open: undefined })}
          onOpen={(query) =>
            void navigate({
              to: "/apps/$appId/deliveries",
              params: { appId },
              search: defaultParseSearch(query) as DeliverySearch,
            })
          }
        />
      }
    >
      <Loaded query={integrations} rows={6}>
        {({ items }) => {
          const chosen = items.find((one) => one.id === search.integration) ?? items[0];
          if (chosen === undefined) {
            return (
              <div className="surface">
                <Nothing
                  icon={<IconListCheck size={22} stroke={1.6} />}
                  title={words.noIntegration}
                  act={
                    <ButtonLink to="/apps/$appId/integrations" params={{ appId }}>
                      {t.integrations.create}
                    </ButtonLink>
                  }
                >
                  {words.noIntegrationLead}
                </Nothing>
              </div>
            );
          }
          return (
            <>
              <Group justify="space-between" align="flex-end">
                <Select
                  label={words.integration}
                  allowDeselect={false}
                  data={items.map((one) => ({ value: one.id, label: one.name }))}
                  value={chosen.id}
                  onChange={(integration) =>
                    go({ integration: integration ?? undefined, open: undefined })
                  }
                />
                <TestButton appId={appId} integrationId={chosen.id} events={chosen.events ?? []} />
              </Group>
              <Statistics appId={appId} integrationId={chosen.id} />
              <Deliveries
                key={chosen.id}
                appId={appId}
                integrationId={chosen.id}
                search={search}
                go={go}
              />
            </>
          );
        }}
      </Loaded>
    </Screen>
  );
}

interface DeliveriesProps {
  readonly appId: string;
  readonly integrationId: string;
  readonly search: DeliverySearch;
  readonly go: (patch: DeliverySearch) => void;
}

const NONE: DeliverySearch = {
  status: undefined,
  name: undefined,
  call: undefined,
  event: undefined,
  context: undefined,
  from: undefined,
  to: undefined,
};

function Deliveries({ appId, integrationId, search, go }: DeliveriesProps) {
  const { status, name, call, event, context, from, to } = search;
  const filters = { name, callId: call, eventId: event, context, from, to };
  const list = useCursorList<DeliveryView>({
    key: ["deliveries", appId, integrationId, status, filters],
    rowKey,
    read: async (page) => {
      const { data } = await client.GET(
        "/v1/apps/{appId}/integrations/{integrationId}/deliveries",
        {
          params: {
            path: { appId, integrationId },
            query: { ...page, ...filters, status },
          },
        },
      );
      return data ?? { items: [] };
    },
  });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const choose = (eventId: string, isChosen: boolean) => {
    const next = new Set(chosen);
    if (isChosen) next.add(eventId);
    else next.delete(eventId);
    setChosen(next);
  };
  // Of rows that are not shown any more none is sent.
  const shown = new Set(
    (list.rows ?? [])
      .filter((row) => row.status !== "pending" && chosen.has(row.eventId))
      .map(rowKey),
  );
  const isFiltered =
    status !== undefined || Object.values(filters).some((one) => one !== undefined);
  return (
    <>
      <Filters search={search} go={go} />
      <ReplayBar
        appId={appId}
        integrationId={integrationId}
        search={search}
        chosen={shown}
        onDone={() => setChosen(new Set())}
      />
      <ListView
        label={t.deliveries.title}
        list={list}
        rowKey={rowKey}
        columns={deliveryColumns((open) => go({ open }), { chosen, choose })}
        onOpen={(row) => go({ open: row.eventId })}
        chosen={search.open ?? null}
        clear={isFiltered ? () => go(NONE) : null}
        empty={
          <Nothing icon={<IconListCheck size={22} stroke={1.6} />} title={t.deliveries.none}>
            {t.deliveries.noneLead}
          </Nothing>
        }
      />
      <Suspense>
        {search.open !== undefined && (
          <Details
            appId={appId}
            integrationId={integrationId}
            eventId={search.open}
            onClose={() => go({ open: undefined })}
          />
        )}
      </Suspense>
    </>
  );
}
