/** Exports of a list: one is begun here, and fetched when it is complete. */

import {
  ActionIcon,
  Button,
  Group,
  Progress,
  SegmentedControl,
  Stack,
  Text,
  Tooltip,
} from "@mantine/core";
import { IconFileExport, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import { client, serverUrl } from "../../api/client.ts";
import type { ExportView, NewExport } from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { DownloadButton } from "../../ui/DownloadButton.tsx";
import { Drawer } from "../../ui/dialogs.tsx";
import { failed } from "../../ui/notify.ts";
import { Status } from "../../ui/Status.tsx";
import { Loaded } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { bytes, figure } from "../../ui/time.ts";
import { useRefusal } from "../../ui/useRefusal.ts";
import classes from "./exports.module.css";
import { beginExport, refreshExports, rowsOf, useExports } from "./queries.ts";

interface ExportsProps {
  readonly appId: string;
  readonly kind: NewExport["kind"];
  /** The filters of the list, as its address has them. */
  readonly filter: Readonly<Record<string, unknown>>;
  /** How many rows the list has; null where that is not known. */
  readonly rows: number | null;
  readonly isOpen: boolean;
  readonly onToggle: (isOpen: boolean) => void;
}

export function Exports({ isOpen, onToggle, ...props }: ExportsProps) {
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconFileExport size={16} stroke={1.6} />}
        onClick={() => onToggle(true)}
      >
        {t.exports.open}
      </Button>
      <Drawer
        opened={isOpen}
        onClose={() => onToggle(false)}
        position="right"
        size="md"
        title={t.exports.title}
      >
        {isOpen && <Content {...props} />}
      </Drawer>
    </>
  );
}

function Content({ appId, kind, filter, rows }: Omit<ExportsProps, "isOpen" | "onToggle">) {
  const exports = useExports(appId);
  const [format, setFormat] = useState<NewExport["format"]>("csv");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useRefusal(format, filter);
  const words = t.exports;
  const used = Object.entries(filter).filter(([, value]) => value !== undefined);
  const begin = async () => {
    setBusy(true);
    setError(null);
    try {
      await beginExport(appId, { kind, format, filter: Object.fromEntries(used) }, rows);
    } catch (caught) {
      setError(asProblem(caught).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack gap="lg">
      <Stack gap="xs">
        <Text>{used.length === 0 ? words.all[kind] : words.filtered[kind]}</Text>
        <Group gap="sm">
          <SegmentedControl
            aria-label={words.format}
            value={format}
            onChange={(value) => setFormat(value === "json" ? "json" : "csv")}
            data={[
              { value: "csv", label: "CSV" },
              { value: "json", label: "JSON" },
            ]}
          />
          <Button onClick={begin} loading={busy}>
            {words.begin}
          </Button>
        </Group>
        <Text size="sm" c="dimmed">
          {words.hints[format]}
        </Text>
        {error !== null && (
          <Text c="var(--studio-bad)" role="alert" className="foreign">
            {error}
          </Text>
        )}
      </Stack>
      <Loaded query={exports} rows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Text c="dimmed">{words.none}</Text>
          ) : (
            <ul className={classes.list} aria-label={words.title}>
              {items.map((one) => (
                <li key={one.id} className={classes.one}>
                  <One appId={appId} export={one} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Stack>
  );
}

interface OneProps {
  readonly appId: string;
  readonly export: ExportView;
}

function One({ appId, export: one }: OneProps) {
  const words = t.exports;
  const name = words.name(words.kinds[one.kind], one.format.toUpperCase());
  const path = { appId, exportId: one.id };
  const remove = () =>
    client
      .DELETE("/v1/apps/{appId}/exports/{exportId}", { params: { path } })
      .then(refreshExports, failed);
  const act = one.state === "running" ? words.stop : t.ui.delete;
  return (
    <>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <div className={classes.name}>
          <Text fw={500}>{name}</Text>
          <Text size="sm" c="dimmed">
            <Time value={one.createdAt} />
          </Text>
        </div>
        <Group gap={6} wrap="nowrap">
          {one.state === "done" && (
            <DownloadButton
              href={new URL(`v1/apps/${appId}/exports/${one.id}/file`, serverUrl).href}
            >
              {words.download}
            </DownloadButton>
          )}
          <Tooltip label={act}>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`${act}: ${name}`}
              onClick={() => void remove()}
            >
              <IconTrash size={16} stroke={1.6} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      <HowFar export={one} />
    </>
  );
}

function HowFar({ export: one }: Pick<OneProps, "export">) {
  const words = t.exports;
  const written = words.written(figure(one.rows), bytes(one.bytes));
  switch (one.state) {
    case "running": {
      const all = rowsOf(one);
      return (
        <>
          <Progress
            aria-label={words.running}
            value={all === null || all === 0 ? 100 : Math.min(100, (100 * one.rows) / all)}
            animated={all === null}
            size="sm"
            my={6}
          />
          <Text size="sm">{all === null ? written : words.of(written, figure(all))}</Text>
        </>
      );
    }
    case "done":
      return (
        <Group gap="sm">
          <Status tone="good">{written}</Status>
          <Text size="sm" c="dimmed">
            {words.until} <Time value={one.expiresAt} />
          </Text>
        </Group>
      );
    case "failed":
      return (
        <>
          <Status tone="bad">{words.failed}</Status>
          <Text size="sm" className="foreign">
            {one.failure}
          </Text>
        </>
      );
  }
}
