/** What the rule in the form would have done in the past. */

import { Alert, Button, Group, Select, Text } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useState } from "react";

import { client } from "../../api/client.ts";
import type {
  AlertRuleSettings,
  BackTestResult,
  PastAlertView,
} from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { type Column, DataTable } from "../../ui/list/DataTable.tsx";
import { Section } from "../../ui/Section.tsx";
import { Time } from "../../ui/Time.tsx";
import { useRefusal } from "../../ui/useRefusal.ts";
import { lasted, readingOf } from "./figures.ts";

interface BackTestProps {
  readonly appId: string;
  readonly rule: AlertRuleSettings;
}

/** A result, and what it is a result of. */
interface Done {
  readonly of: string;
  readonly result: BackTestResult;
}

const DAYS = [1, 7, 30] as const;
/** Alerts that are shown. */
const SHOWN = 20;

export function BackTest({ appId, rule }: BackTestProps) {
  const [days, setDays] = useState<number>(30);
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState<Done | null>(null);
  const words = t.alerts.backTest;
  const asked = JSON.stringify({ rule, days });
  const [error, setError] = useRefusal(asked);
  const run = async () => {
    setBusy(true);
    setError(null);
    try {
      const { data } = await client.POST("/v1/apps/{appId}/alerts/back-test", {
        params: { path: { appId } },
        body: { ...rule, days },
      });
      if (data !== undefined) setDone({ of: asked, result: data });
    } catch (caught) {
      setDone(null);
      setError(asProblem(caught).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title={words.title} lead={words.lead}>
      <Group align="flex-end" gap="sm">
        <Select
          label={words.days}
          allowDeselect={false}
          data={DAYS.map((value) => ({ value: String(value), label: words.last(value) }))}
          value={String(days)}
          onChange={(value) => setDays(Number(value ?? 30))}
          w={180}
        />
        <Button
          type="button"
          variant="default"
          loading={busy}
          leftSection={<IconHistory size={16} />}
          onClick={run}
        >
          {words.run}
        </Button>
      </Group>
      {error !== null && (
        <Text c="var(--studio-bad)" role="alert" className="foreign" mt="sm">
          {error}
        </Text>
      )}
      {done !== null && (
        <div role="status">
          {done.of !== asked && (
            <Text c="dimmed" size="sm" mt="sm">
              {words.outdated}
            </Text>
          )}
          <Result rule={rule} result={done.result} />
        </div>
      )}
    </Section>
  );
}

function Result({
  rule,
  result,
}: {
  readonly rule: AlertRuleSettings;
  readonly result: BackTestResult;
}) {
  const words = t.alerts.backTest;
  if (result.resolutionMinutes == null) {
    return (
      <Alert color="gray" mt="md">
        {words.unknown}
      </Alert>
    );
  }
  return (
    <>
      <Text fw={600} size="lg" mt="md">
        {words.fired(result.fired)}
      </Text>
      <Text c="dimmed" size="sm">
        {result.readings === 0 ? words.tooLittle : words.notices(result.notices)}
        {result.resolutionMinutes > 1 && ` ${words.byTheHour}`}
      </Text>
      {result.alerts.length > 0 && (
        <DataTable
          label={words.title}
          rows={result.alerts.slice(-SHOWN)}
          rowKey={(alert) => alert.firedAt}
          columns={columns(rule.kind)}
          plain
        />
      )}
    </>
  );
}

function columns(kind: AlertRuleSettings["kind"]): readonly Column<PastAlertView>[] {
  const words = t.alerts.history;
  return [
    {
      id: "fired",
      header: words.fired,
      title: true,
      cell: ({ firedAt }) => <Time value={firedAt} />,
    },
    {
      id: "lasted",
      header: words.lasted,
      cell: ({ firedAt, endedAt }) => (endedAt == null ? words.goesOn : lasted(firedAt, endedAt)),
    },
    { id: "worst", header: words.worst, cell: ({ worst }) => readingOf(kind, worst) },
    {
      id: "told",
      header: words.told,
      cell: ({ told }) => (told ? t.alerts.backTest.told : words.nobody),
    },
  ];
}
