/** Deleting an app: what goes with it is counted first, and its name is typed. */

import { Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { client } from "../../../api/client.ts";
import type { AppView } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import { Confirm } from "../../../ui/Confirm.tsx";
import { DangerButton } from "../../../ui/DangerButton.tsx";
import { done } from "../../../ui/notify.ts";
import { Section } from "../../../ui/Section.tsx";
import { refreshApps } from "../queries.ts";

const MOST = 500;

export function DeleteApp({ app }: { readonly app: AppView }) {
  const [isOpen, dialog] = useDisclosure(false);
  const navigate = useNavigate();
  const words = t.apps.settings;
  return (
    <Section title={words.danger} lead={words.dangerLead}>
      <DangerButton onClick={dialog.open}>{words.delete}</DangerButton>
      {isOpen && (
        <Confirm
          title={words.danger}
          act={words.delete}
          typed={app.name}
          onClose={dialog.close}
          onConfirm={async () => {
            await client.DELETE("/v1/apps/{appId}", { params: { path: { appId: app.id } } });
            await navigate({ to: "/apps" });
            await refreshApps();
            done(words.deleted);
          }}
        >
          <WhatGoes app={app} />
        </Confirm>
      )}
    </Section>
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
        client.GET("/v1/apps/{appId}/calls", { params: { path, query: { limit: MOST } } }),
      ]);
      return {
        profiles: profiles.data?.items.length ?? 0,
        integrations: integrations.data?.items.length ?? 0,
        calls: calls.data?.items.length ?? 0,
        more: calls.data?.next != null,
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
