/** Deleting an app: what goes with it is counted first, and its name is typed. */

import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { client } from "../../../api/client.ts";
import type { AppView } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import { DeleteSection } from "../../../ui/DeleteSection.tsx";
import { done } from "../../../ui/notify.ts";
import { refreshApps } from "../queries.ts";

export function DeleteApp({ app }: { readonly app: AppView }) {
  const navigate = useNavigate();
  const words = t.apps.settings;
  return (
    <DeleteSection
      title={words.danger}
      lead={words.dangerLead}
      act={words.delete}
      typed={app.name}
      scope="apps:write"
      appId={app.id}
      onDelete={async () => {
        await client.DELETE("/v1/apps/{appId}", { params: { path: { appId: app.id } } });
        await navigate({ to: "/apps" });
        await refreshApps();
        done(words.deleted);
      }}
    >
      <WhatGoes app={app} />
    </DeleteSection>
  );
}

function WhatGoes({ app }: { readonly app: AppView }) {
  const path = { appId: app.id };
  const counts = useQuery({
    queryKey: ["what-goes", app.id],
    queryFn: async () => {
      const [profiles, integrations, calls] = await Promise.all([
        client.GET("/v1/apps/{appId}/destinations", { params: { path } }),
        client.GET("/v1/apps/{appId}/integrations", { params: { path } }),
        client.GET("/v1/apps/{appId}/calls/count", { params: { path } }),
      ]);
      return {
        profiles: profiles.data?.items.length ?? 0,
        integrations: integrations.data?.items.length ?? 0,
        calls: calls.data?.count ?? 0,
        more: calls.data?.exact === false,
      };
    },
  });
  const words = t.apps.settings;
  return (
    <>
      <Text fw={600}>{words.gone}</Text>
      <Text>
        {counts.data === undefined
          ? t.ui.loading
          : words.goneCounts(
              counts.data.profiles,
              counts.data.integrations,
              words.calls(counts.data.calls, counts.data.more),
            )}
      </Text>
    </>
  );
}
