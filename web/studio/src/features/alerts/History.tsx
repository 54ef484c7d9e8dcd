/** What has fired, and who was told. */

import { Group, Stack, Text, Title } from "@mantine/core";
import { IconBellCheck } from "@tabler/icons-react";
import { useId } from "react";

import { client } from "../../api/client.ts";
import type { AlertView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import type { Column } from "../../ui/list/DataTable.tsx";
import { ListView } from "../../ui/list/ListView.tsx";
import { useCursorList } from "../../ui/list/useCursorList.ts";
import { Status } from "../../ui/Status.tsx";
import { Nothing } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { lasted, readingOf } from "./figures.ts";

interface HistoryProps {
  readonly appId: string;
  /** Only alerts of this rule. */
  readonly ruleId?: string;
}

const rowKey = (alert: AlertView) => alert.id;

export function History({ appId, ruleId }: HistoryProps) {
  const words = t.alerts.history;
  const id = useId();
  const list = useCursorList<AlertView>({
    key: ["get", "/v1/apps/{appId}/alerts", appId, ruleId],
    rowKey,
    read: async (page) => {
      const { data } = await client.GET("/v1/apps/{appId}/alerts", {
        params: { path: { appId }, query: { ...page, ruleId } },
      });
      return data ?? { items: [] };
    },
  });
  return (
    <section aria-labelledby={id}>
      <Title order={2} id={id}>
        {words.title}
      </Title>
      <Text c="dimmed" size="sm" mt={2} mb="sm">
        {words.lead}
      </Text>
      <ListView
        label={words.title}
        list={list}
        rowKey={rowKey}
        columns={COLUMNS}
        clear={null}
        empty={
          <Nothing icon={<IconBellCheck size={22} stroke={1.6} />} title={words.none}>
            {words.noneLead}
          </Nothing>
        }
      />
    </section>
  );
}

const COLUMNS: readonly Column<AlertView>[] = [
  {
    id: "rule",
    header: t.alerts.rule,
    title: true,
    cell: (alert) => <span className="foreign">{alert.ruleName}</span>,
  },
  {
    id: "fired",
    header: t.alerts.history.fired,
    cell: (alert) => <Time value={alert.firedAt} />,
  },
  {
    id: "lasted",
    header: t.alerts.history.lasted,
    cell: (alert) => <Lasted alert={alert} />,
  },
  {
    id: "worst",
    header: t.alerts.history.worst,
    end: true,
    cell: (alert) => readingOf(alert.kind, alert.worst),
  },
  {
    id: "told",
    header: t.alerts.history.told,
    cell: (alert) => <Told alert={alert} />,
  },
];

function Lasted({ alert }: { readonly alert: AlertView }) {
  const words = t.alerts.history;
  if (alert.endedAt == null) return <Status tone="bad">{words.goesOn}</Status>;
  const time = lasted(alert.firedAt, alert.endedAt);
  if (alert.endedBy === "rule_changed") return <Status tone="none">{words.changed(time)}</Status>;
  return <Status tone="good">{time}</Status>;
}

function Told({ alert }: { readonly alert: AlertView }) {
  const words = t.alerts.history;
  if (alert.notices.length === 0) return <Text c="dimmed">{words.nobody}</Text>;
  return (
    <Stack gap={2}>
      {alert.notices.map((notice) => (
        <div key={notice.eventId}>
          <Group gap={6}>
            <span>{words.notices[notice.kind]}</span>
            <Time value={notice.at} />
          </Group>
          {notice.mails.map((mail) => (
            <Text key={mail.address} size="sm" c="dimmed" className="foreign">
              {mail.address}:{" "}
              {mail.sentAt != null
                ? words.sent
                : mail.failure == null
                  ? words.waits
                  : `${mail.givenUp ? words.givenUp : words.again} ${mail.failure}`}
            </Text>
          ))}
        </div>
      ))}
    </Stack>
  );
}
