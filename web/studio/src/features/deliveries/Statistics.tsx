/** How an integration's attempts went in the last 24 hours. */

import { Button, Collapse } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";

import { api } from "../../api/client.ts";
import type { StatisticsReport, StatisticsStep } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { DataTable } from "../../ui/list/DataTable.tsx";
import { Section } from "../../ui/Section.tsx";
import { figure, timeInZone } from "../../ui/time.ts";
import { wallClockOf } from "../../ui/zones.ts";
import { useApp } from "../apps/queries.ts";
import classes from "./deliveries.module.css";

interface StatisticsProps {
  readonly appId: string;
  readonly integrationId: string;
}

export function Statistics({ appId, integrationId }: StatisticsProps) {
  const report = api.useQuery(
    "get",
    "/v1/apps/{appId}/integrations/{integrationId}/statistics",
    { params: { path: { appId, integrationId } } },
    { refetchInterval: 30_000 },
  ).data;
  const timeZone = useApp(appId).data?.hours?.timeZone ?? "UTC";
  if (report === undefined || report.total.attempts === 0) return null;
  return <Report report={report} timeZone={timeZone} />;
}

interface ReportProps {
  readonly report: StatisticsReport;
  /** The app's, by which it is read when what happens. */
  readonly timeZone: string;
}

function Report({ report: { total, steps }, timeZone }: ReportProps) {
  const [isTable, table] = useDisclosure(false);
  const words = t.deliveries;
  const latency = total.latencyMs;
  return (
    <Section
      title={words.charts}
      actions={
        <Button variant="subtle" size="compact-sm" onClick={table.toggle} aria-expanded={isTable}>
          {words.barsTable}
        </Button>
      }
    >
      <div className={classes.figures}>
        <Figure
          name={words.success}
          value={total.successRate == null ? "–" : `${(100 * total.successRate).toFixed(1)} %`}
          note={words.firstAttempts(total.retried)}
        />
        <Figure name={words.volume} value={figure(total.attempts)} note=" " />
        <Figure
          name={words.latency}
          value={latency == null ? "–" : `${latency.p50} ms`}
          note={latency == null ? " " : words.latencies(latency.p90, latency.p99)}
        />
        <Bars steps={lastDay(steps)} timeZone={timeZone} />
      </div>
      <Collapse expanded={isTable} transitionDuration={120}>
        {isTable && (
          <DataTable<StatisticsStep>
            label={words.bars}
            rows={[...steps].reverse()}
            rowKey={(step) => step.start}
            columns={[
              {
                id: "hour",
                header: words.barsHour,
                title: true,
                cell: (step) => timeInZone(step.start, timeZone),
              },
              {
                id: "delivered",
                header: words.statuses.delivered,
                end: true,
                cell: (step) => step.delivered,
              },
              { id: "retried", header: t.ui.tryAgain, end: true, cell: (step) => step.retried },
              { id: "dead", header: words.statuses.dead, end: true, cell: (step) => step.dead },
            ]}
          />
        )}
      </Collapse>
    </Section>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

function Figure({ name, value, note }: FigureProps) {
  return (
    <div>
      <div className={classes.name}>{name}</div>
      <div className={classes.value}>{value}</div>
      <div className={classes.name}>{note}</div>
    </div>
  );
}

const HOUR_MS = 3_600_000;

/** Every hour of the last day, those without an attempt too. */
function lastDay(steps: readonly StatisticsStep[]): readonly StatisticsStep[] {
  const known = new Map(steps.map((step) => [Date.parse(step.start), step]));
  const last = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  return Array.from({ length: 24 }, (_, index) => {
    const start = last - (23 - index) * HOUR_MS;
    return known.get(start) ?? { ...NOTHING, start: new Date(start).toISOString() };
  });
}

const NOTHING = {
  attempts: 0,
  delivered: 0,
  retried: 0,
  dead: 0,
  breakerOpenSeconds: 0,
  mostWaiting: 0,
} as const;

const HEIGHT = 72;
const WIDTH = 10;
const KINDS = ["delivered", "retried", "dead"] as const;

interface BarsProps {
  readonly steps: readonly StatisticsStep[];
  readonly timeZone: string;
}

function Bars({ steps, timeZone }: BarsProps) {
  const clock = (start: string) => wallClockOf(start, timeZone).slice(11);
  const most = Math.max(1, ...steps.map((step) => step.attempts));
  const [first, last] = [steps[0], steps.at(-1)];
  return (
    <div className={classes.bars}>
      <svg
        viewBox={`0 0 ${steps.length * WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t.deliveries.bars}
      >
        {steps.map((step, index) => {
          let top = HEIGHT;
          return KINDS.map((kind) => {
            const height = (HEIGHT * step[kind]) / most;
            top -= height;
            return (
              <rect
                key={`${step.start}-${kind}`}
                data-kind={kind}
                x={index * WIDTH + 1.5}
                y={top}
                width={WIDTH - 3}
                height={height}
              >
                <title>{`${timeInZone(step.start, timeZone)}: ${step[kind]}`}</title>
              </rect>
            );
          });
        })}
      </svg>
      <div className={classes.axis}>
        <span>{first && clock(first.start)}</span>
        <span>{t.analytics.zone(timeZone)}</span>
        <span>{last && clock(last.start)}</span>
      </div>
    </div>
  );
}
