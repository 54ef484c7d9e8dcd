/** The installation: whether it is ready, what its admins should know, and its API. */

import { Anchor, SimpleGrid, Text } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";

import { client, serverUrl } from "../../api/client.ts";
import type { NotificationView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Facts } from "../../ui/Facts.tsx";
import { Id } from "../../ui/Id.tsx";
import { TextLink } from "../../ui/links.tsx";
import { ListView } from "../../ui/list/ListView.tsx";
import { useCursorList } from "../../ui/list/useCursorList.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { Nothing } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { useApps } from "../apps/queries.ts";

const rowKey = (row: NotificationView) => row.id;

export default function System() {
  const words = t.apps.system;
  const apps = useApps();
  const about = useQuery({ queryKey: ["about"], queryFn: readAbout });
  const list = useCursorList<NotificationView>({
    key: ["notifications"],
    rowKey,
    read: async (query) =>
      (await client.GET("/v1/notifications", { params: { query } })).data ?? { items: [] },
  });
  return (
    <Screen title={words.title} lead={words.lead}>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Section title={words.ready}>
          <Facts
            of={[
              [
                words.ready,
                about.data === undefined ? null : (
                  <Status key="ready" tone={about.data.isReady ? "good" : "bad"}>
                    {about.data.isReady ? words.isReady : words.notReady}
                  </Status>
                ),
              ],
              [words.version, about.data?.version],
            ]}
          />
        </Section>
        <Section title={words.api} lead={words.apiLead}>
          <Anchor href={new URL("v1/docs", serverUrl).href} target="_blank" rel="noreferrer">
            {words.apiAct}
          </Anchor>
        </Section>
      </SimpleGrid>
      <Text component="h2" fw={600} size="lg" mt="xs">
        {words.notifications}
      </Text>
      <ListView
        label={words.notifications}
        list={list}
        rowKey={rowKey}
        clear={null}
        empty={
          <Nothing icon={<IconBell size={22} stroke={1.6} />} title={words.noNotifications}>
            {words.noNotificationsLead}
          </Nothing>
        }
        columns={[
          {
            id: "what",
            header: words.what,
            title: true,
            cell: (row) => (
              <TextLink
                to="/apps/$appId/integrations/$integrationId"
                params={{ appId: row.appId, integrationId: row.integrationId }}
                className="foreign"
              >
                {words.disabled[row.reason](row.integrationName)}
              </TextLink>
            ),
          },
          {
            id: "app",
            header: words.app,
            cell: (row) =>
              apps.data?.items.find((app) => app.id === row.appId)?.name ?? (
                <Id value={row.appId} />
              ),
          },
          {
            id: "at",
            header: words.when,
            cell: (row) => <Time value={row.createdAt} />,
            end: true,
          },
        ]}
      />
    </Screen>
  );
}

async function readAbout(): Promise<{ isReady: boolean; version: string | undefined }> {
  const [ready, document] = await Promise.all([
    fetch(new URL("readyz", serverUrl)),
    fetch(new URL("v1/openapi.json", serverUrl)),
  ]);
  const { info } = (await document.json()) as { info?: { version?: string } };
  return { isReady: ready.ok, version: info?.version };
}
