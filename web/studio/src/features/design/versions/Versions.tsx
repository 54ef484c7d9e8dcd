/** What was published of a design: compared with each other, and brought back. */

import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { client } from "../../../api/client.ts";
import type { DesignVersionView } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import { Confirm } from "../../../ui/Confirm.tsx";
import { Id } from "../../../ui/Id.tsx";
import { ButtonLink } from "../../../ui/links.tsx";
import { ListView } from "../../../ui/list/ListView.tsx";
import { useCursorList } from "../../../ui/list/useCursorList.ts";
import { done } from "../../../ui/notify.ts";
import { Screen } from "../../../ui/Screen.tsx";
import { Section } from "../../../ui/Section.tsx";
import { Loaded, Nothing } from "../../../ui/states.tsx";
import { Time } from "../../../ui/Time.tsx";
import { Permitted } from "../../people/Permitted.tsx";
import { DiffView } from "../publish/DiffView.tsx";
import { loadDraft, readVersion, refreshVersions } from "../queries.ts";

const route = "/frame/apps/$appId/design/versions";
/** In the address: the draft stands for version 0. */
const DRAFT = 0;

const rowKey = (row: DesignVersionView) => String(row.version);

export default function Versions() {
  const { appId } = useParams({ from: route });
  const { one, other } = useSearch({ from: route });
  const navigate = useNavigate();
  const [going, setGoing] = useState<number | null>(null);
  const words = t.design.history;
  const list = useCursorList<DesignVersionView>({
    key: ["design", "versions", appId],
    rowKey,
    read: async (page) => {
      const { data } = await client.GET("/v1/apps/{appId}/design/versions", {
        params: { path: { appId }, query: page },
      });
      return data ?? { items: [] };
    },
  });
  const rows = list.rows ?? [];
  const newest = rows[0]?.version;
  const compare = (left: number, right: number) =>
    void navigate({
      to: "/apps/$appId/design/versions",
      params: { appId },
      search: { one: left, other: right },
    });
  return (
    <Screen
      title={words.title}
      lead={words.lead}
      actions={
        <ButtonLink to="/apps/$appId/design" params={{ appId }} variant="default">
          {words.back}
        </ButtonLink>
      }
    >
      <Stack gap="lg">
        <ListView
          label={words.title}
          list={list}
          rowKey={rowKey}
          clear={null}
          empty={
            <Nothing
              icon={<IconHistory size={22} stroke={1.6} />}
              title={words.none}
              act={
                <ButtonLink to="/apps/$appId/design" params={{ appId }}>
                  {words.noneAct}
                </ButtonLink>
              }
            >
              {words.noneLead}
            </Nothing>
          }
          columns={[
            {
              id: "version",
              header: words.number,
              title: true,
              cell: ({ version }) => (
                <>
                  {words.version(version)}
                  {version === newest && (
                    <Text size="sm" c="dimmed">
                      {words.present}
                    </Text>
                  )}
                </>
              ),
            },
            {
              id: "note",
              header: words.note,
              cell: ({ note, restored }) => (
                <span className="foreign">
                  {note ?? (restored == null ? "" : words.restored(restored))}
                </span>
              ),
            },
            {
              id: "who",
              header: words.who,
              cell: ({ publisher }) =>
                publisher.name ?? (publisher.id == null ? "" : <Id value={publisher.id} />),
            },
            {
              id: "when",
              header: words.when,
              cell: ({ publishedAt }) => <Time value={publishedAt} />,
            },
            {
              id: "acts",
              header: "",
              end: true,
              cell: ({ version }) => (
                <Group gap="xs" justify="flex-end" wrap="nowrap">
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => compare(version, version > 1 ? version - 1 : DRAFT)}
                  >
                    {words.compare}
                  </Button>
                  {version !== newest && (
                    <Permitted scope="design:write" appId={appId}>
                      <Button size="compact-sm" variant="default" onClick={() => setGoing(version)}>
                        {words.rollBack}
                      </Button>
                    </Permitted>
                  )}
                </Group>
              ),
            },
          ]}
        />
        {one !== undefined && other !== undefined && (
          <Comparison
            appId={appId}
            one={one}
            other={other}
            versions={rows.map(({ version }) => version)}
            onChange={compare}
          />
        )}
      </Stack>
      {going !== null && (
        <Confirm
          title={words.rollBackTitle(going)}
          act={words.rollBack}
          onClose={() => setGoing(null)}
          onConfirm={async () => {
            const { data } = await client.POST(
              "/v1/apps/{appId}/design/versions/{version}/rollback",
              { params: { path: { appId, version: going } }, body: {} },
            );
            await refreshVersions();
            list.showNewer();
            done(words.rolledBack(data?.version ?? going));
          }}
        >
          <Text>{words.rollBackLead}</Text>
        </Confirm>
      )}
    </Screen>
  );
}

interface ComparisonProps {
  readonly appId: string;
  readonly one: number;
  readonly other: number;
  readonly versions: readonly number[];
  readonly onChange: (one: number, other: number) => void;
}

function Comparison({ appId, one, other, versions, onChange }: ComparisonProps) {
  const words = t.design.history;
  const read = async (version: number) =>
    version === DRAFT ? (await loadDraft(appId)).document : readVersion(appId, version);
  const both = useQuery({
    queryKey: ["design", "compare", appId, one, other],
    queryFn: async () => {
      const [before, after] = await Promise.all([read(other), read(one)]);
      return { before, after };
    },
  });
  const data = [...new Set([...versions, one, other, DRAFT])]
    .sort((a, b) => b - a)
    .map((version) => ({
      value: String(version),
      label: version === DRAFT ? words.draft : words.version(version),
    }));
  return (
    <Section title={words.compare}>
      <Group mb="md" align="center">
        <Select
          aria-label={words.compare}
          allowDeselect={false}
          data={data}
          value={String(one)}
          onChange={(value) => onChange(Number(value), other)}
        />
        <Text>{words.with}</Text>
        <Select
          aria-label={words.with}
          allowDeselect={false}
          data={data}
          value={String(other)}
          onChange={(value) => onChange(one, Number(value))}
        />
      </Group>
      <Loaded query={both}>
        {({ before, after }) => <DiffView before={before} after={after} />}
      </Loaded>
    </Section>
  );
}
