/** The audit trail, all of it or of one app: who did what, field by field. */

import { Group, Select, Table, Text, UnstyledButton } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useState } from "react";

import { client, serverUrl } from "../../api/client.ts";
import type { AuditView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { DownloadButton } from "../../ui/DownloadButton.tsx";
import { Drawer } from "../../ui/dialogs.tsx";
import { Facts } from "../../ui/Facts.tsx";
import { Id } from "../../ui/Id.tsx";
import { Instant, Typed } from "../../ui/list/filters.tsx";
import { ListView } from "../../ui/list/ListView.tsx";
import { useCursorList } from "../../ui/list/useCursorList.ts";
import { Nothing } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import ui from "../../ui/ui.module.css";
import { useApps } from "../apps/queries.ts";
import type { AuditSearch } from "./search.ts";

interface AuditListProps {
  readonly label: string;
  readonly search: AuditSearch;
  /** What the list is of in any case. */
  readonly appId?: string;
  readonly onSearch: (search: AuditSearch) => void;
}

const rowKey = (row: AuditView) => String(row.seq);

export function AuditList({ label, search, appId, onSearch }: AuditListProps) {
  const [open, setOpen] = useState<AuditView | null>(null);
  const apps = useApps().data?.items ?? [];
  const filters = { ...search, appId: appId ?? search.appId };
  const list = useCursorList<AuditView>({
    key: ["audit", filters],
    rowKey,
    read: async (page) => {
      const { data } = await client.GET("/v1/audit", {
        params: { query: { ...page, ...filters } },
      });
      return data ?? { items: [] };
    },
  });
  const words = t.people.audit;
  const isFiltered = Object.values(search).some((one) => one !== undefined);
  return (
    <>
      <search className={ui.filters} aria-label={t.ui.filters}>
        <Select
          label={words.what}
          placeholder={words.anyAction}
          clearable
          searchable
          data={Object.entries(words.actions).map(([value, text]) => ({ value, label: text }))}
          value={search.action ?? null}
          onChange={(action) => onSearch({ ...search, action: action ?? undefined })}
        />
        {appId === undefined && (
          <Select
            label={words.app}
            placeholder={words.anyApp}
            clearable
            data={apps.map((app) => ({ value: app.id, label: app.name }))}
            value={search.appId ?? null}
            onChange={(chosen) => onSearch({ ...search, appId: chosen ?? undefined })}
          />
        )}
        <Typed
          label={words.who}
          placeholder={words.actorHint}
          value={search.actorId}
          onChange={(actorId) => onSearch({ ...search, actorId })}
        />
        <Typed
          label={words.subject}
          placeholder={words.subjectHint}
          value={search.subjectId}
          onChange={(subjectId) => onSearch({ ...search, subjectId })}
        />
        <Instant
          label={t.ui.from}
          value={search.from}
          onChange={(from) => onSearch({ ...search, from })}
        />
        <Instant label={t.ui.to} value={search.to} onChange={(to) => onSearch({ ...search, to })} />
        <Group gap="xs" align="flex-end">
          {(["csv", "json"] as const).map((format) => (
            <DownloadButton
              key={format}
              size="sm"
              href={exported({ ...filters, format })}
              aria-label={words.exportAs(words.formats[format])}
            >
              {words.formats[format]}
            </DownloadButton>
          ))}
        </Group>
      </search>
      <ListView
        label={label}
        list={list}
        rowKey={rowKey}
        onOpen={setOpen}
        clear={isFiltered ? () => onSearch({}) : null}
        empty={
          <Nothing icon={<IconShieldCheck size={22} stroke={1.6} />} title={words.none}>
            {words.noneLead}
          </Nothing>
        }
        columns={[
          {
            id: "what",
            header: words.what,
            title: true,
            cell: (row) => (
              <UnstyledButton className={ui.rowLink} onClick={() => setOpen(row)}>
                {words.actions[row.action] ?? row.action}
              </UnstyledButton>
            ),
          },
          { id: "of", header: words.subject, cell: (row) => <Subject row={row} /> },
          { id: "who", header: words.who, cell: (row) => <Actor row={row} /> },
          {
            id: "from",
            header: words.from,
            cell: (row) => row.address && <code>{row.address}</code>,
          },
          { id: "at", header: words.when, end: true, cell: (row) => <Time value={row.at} /> },
        ]}
      />
      {open !== null && <Details row={open} onClose={() => setOpen(null)} />}
    </>
  );
}

/** Where the lines that these filters let through are had as a file. */
function exported(query: Readonly<Record<string, string | undefined>>): string {
  const url = new URL("v1/audit/export", serverUrl);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

function Actor({ row: { actor } }: { readonly row: AuditView }) {
  if (actor.name != null) return <div className="one-line">{actor.name}</div>;
  return actor.id == null ? t.people.audit.server : <Id value={actor.id} />;
}

function Subject({ row }: { readonly row: AuditView }) {
  if (row.subjectName != null) return <div className="one-line">{row.subjectName}</div>;
  return row.subjectId == null ? null : <Id value={row.subjectId} />;
}

function Details({ row, onClose }: { readonly row: AuditView; readonly onClose: () => void }) {
  const words = t.people.audit;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={words.actions[row.action] ?? row.action}
    >
      <Facts
        of={[
          [words.when, <Time key="at" value={row.at} />],
          [words.who, <Actor key="who" row={row} />],
          [words.subject, row.subjectName],
          [t.calls.one.id, row.subjectId && <Id value={row.subjectId} whole />],
          [words.app, row.appId && <Id value={row.appId} whole />],
          [words.from, row.address && <code>{row.address}</code>],
        ]}
      />
      {row.changes.length > 0 && (
        <>
          <Text fw={600} mt="lg" mb="xs">
            {words.changes}
          </Text>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{words.field}</Table.Th>
                <Table.Th>{words.before}</Table.Th>
                <Table.Th>{words.after}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {row.changes.map((change) => (
                <Table.Tr key={change.field}>
                  <Table.Td>
                    <code className="foreign">{change.field}</code>
                  </Table.Td>
                  <Table.Td className="foreign">{shown(change.before)}</Table.Td>
                  <Table.Td className="foreign">{shown(change.after)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
    </Drawer>
  );
}

const shown = (value: unknown): string =>
  value === null || value === undefined
    ? "–"
    : typeof value === "string"
      ? value
      : JSON.stringify(value);
