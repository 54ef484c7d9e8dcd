/** How a call sounded while it went on: a curve for each measure and side, or the same as a table. */

import { SegmentedControl, SimpleGrid, Text } from "@mantine/core";
import { memo, useState } from "react";

import { t } from "../../../texts/index.ts";
import { type Column, DataTable } from "../../../ui/list/DataTable.tsx";
import { Section } from "../../../ui/Section.tsx";
import { clockTime, duration } from "../../../ui/time.ts";
import classes from "./curves.module.css";
import {
  type HappeningOf,
  type Item,
  linesOf,
  METRICS,
  type Metric,
  measured,
  type Point,
  type Sample,
  SIDES,
  type Side,
} from "./items.ts";

interface CurvesProps {
  readonly startedAt: string;
  readonly samples: readonly Sample[];
  readonly items: readonly Item[];
}

export const Curves = memo(function Curves({ startedAt, samples, items }: CurvesProps) {
  const [form, setForm] = useState<"curves" | "table">("curves");
  const words = t.timeline.curves;
  const start = Date.parse(startedAt);
  const end = Math.max(1_000, ...samples.map(({ at }) => Date.parse(at) - start));
  const troubles = items.filter(({ what }) => what.kind === "quality");
  return (
    <Section
      title={words.title}
      lead={words.lead}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={words.form}
          value={form}
          onChange={(value) => setForm(value === "table" ? "table" : "curves")}
          data={[
            { value: "curves", label: words.asCurves },
            { value: "table", label: words.asTable },
          ]}
        />
      }
    >
      {troubles.length > 0 && (
        <ul className={classes.troubles}>
          {troubles.map((item) => (
            <li key={item.key}>
              {item.what.kind === "quality" && item.what.text}{" "}
              <Text span size="sm" c="dimmed">
                {words.at(duration(Math.max(0, Math.round((Date.parse(item.at) - start) / 1_000))))}
              </Text>
            </li>
          ))}
        </ul>
      )}
      {form === "table" ? (
        <DataTable
          label={words.title}
          rows={samples}
          rowKey={(sample) => String(sample.key)}
          columns={columns()}
        />
      ) : (
        <>
          <Legend />
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg" mt="sm">
            {METRICS.map((metric) => (
              <Chart
                key={metric}
                metric={metric}
                lines={SIDES.map((side) => [side, linesOf(samples, side, metric, start)] as const)}
                spans={troubles.map(({ at, what }) => [
                  Date.parse(at) - start,
                  Date.parse((what as HappeningOf<"quality">).until) - start,
                ])}
                end={end}
              />
            ))}
          </SimpleGrid>
        </>
      )}
    </Section>
  );
});

function columns(): readonly Column<Sample>[] {
  const words = t.timeline.curves;
  return [
    { id: "at", header: words.when, title: true, cell: ({ at }) => clockTime(at) },
    { id: "side", header: words.side, cell: ({ side }) => words.sides[side] },
    ...METRICS.map((metric) => ({
      id: metric,
      header: words.metrics[metric],
      end: true,
      cell: (sample: Sample) => {
        const value = measured(sample, metric);
        return value === null ? null : written(metric, value);
      },
    })),
  ];
}

const written = (metric: Metric, value: number) => t.timeline.curves.value[metric](value);

function Legend() {
  return (
    <div className={classes.legend} aria-hidden>
      {SIDES.map((side) => (
        <span key={side} className={classes.key} data-side={side}>
          {t.timeline.curves.sides[side]}
        </span>
      ))}
    </div>
  );
}

interface ChartProps {
  readonly metric: Metric;
  readonly lines: readonly (readonly [Side, readonly (readonly Point[])[]])[];
  /** When something was wrong. */
  readonly spans: readonly (readonly [number, number])[];
  readonly end: number;
}

const WIDTH = 400;
const HEIGHT = 96;
/** The least that an axis reaches to, so that nothing small looks large. */
const LEAST: Record<Metric, number> = { loss: 5, jitter: 30, roundTrip: 200, mos: 5 };

function Chart({ metric, lines, spans, end }: ChartProps) {
  const [pointed, setPointed] = useState<number | null>(null);
  const words = t.timeline.curves;
  const points = lines.flatMap(([, parts]) => parts.flat());
  const bottom = metric === "mos" ? 1 : 0;
  const top = Math.max(LEAST[metric], ...points.map(({ value }) => value));
  const x = (at: number) => (WIDTH * Math.max(0, at)) / end;
  const y = (value: number) => HEIGHT - (HEIGHT * (value - bottom)) / (top - bottom);
  const near = pointed === null ? [] : nearest(lines, pointed);
  const name = words.metrics[metric];
  return (
    <figure className={classes.chart}>
      <figcaption className={classes.caption}>
        <span>{name}</span>
        <span className={classes.now}>
          {near.length === 0
            ? points.length > 0 && words.upTo(written(metric, top))
            : `${duration(Math.round((near[0]?.[1].at ?? 0) / 1_000))} · ${near
                .map(([side, { value }]) => `${words.sides[side]}: ${written(metric, value)}`)
                .join(" · ")}`}
        </span>
      </figcaption>
      {points.length === 0 ? (
        <Text size="sm" c="dimmed">
          {words.none}
        </Text>
      ) : (
        <svg
          className={classes.svg}
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={described(metric, lines)}
          onPointerMove={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            setPointed(((event.clientX - box.left) / box.width) * end);
          }}
          onPointerLeave={() => setPointed(null)}
        >
          {spans.map(([from, to]) => (
            <rect
              key={`${from} ${to}`}
              className={classes.span}
              x={x(from)}
              width={Math.max(2, x(to) - x(from))}
              y={0}
              height={HEIGHT}
            />
          ))}
          {[0.25, 0.5, 0.75].map((part) => (
            <line
              key={part}
              className={classes.grid}
              x2={WIDTH}
              y1={HEIGHT * part}
              y2={HEIGHT * part}
            />
          ))}
          {lines.flatMap(([side, parts]) =>
            parts.map((part) => (
              <polyline
                key={`${side} ${part[0]?.at}`}
                className={classes.line}
                data-side={side}
                points={drawn(part, x, y)}
              />
            )),
          )}
          {near.length > 0 && (
            <line
              className={classes.pointer}
              x1={x(near[0]?.[1].at ?? 0)}
              x2={x(near[0]?.[1].at ?? 0)}
              y2={HEIGHT}
            />
          )}
        </svg>
      )}
      <div className={classes.axis} aria-hidden>
        <span>0:00</span>
        <span>{duration(Math.round(end / 1_000))}</span>
      </div>
    </figure>
  );
}

/** Begins where the first measurement began: one alone is a line, too. */
function drawn(part: readonly Point[], x: (at: number) => number, y: (value: number) => number) {
  const at = part.map((point) => `${x(point.at).toFixed(1)},${y(point.value).toFixed(1)}`);
  const [first] = part;
  if (first !== undefined) {
    at.unshift(`${x(first.at - first.span).toFixed(1)},${y(first.value).toFixed(1)}`);
  }
  return at.join(" ");
}

function nearest(lines: ChartProps["lines"], at: number): readonly (readonly [Side, Point])[] {
  return lines.flatMap(([side, parts]) => {
    const [first, ...others] = parts.flat();
    if (first === undefined) return [];
    const distance = (point: Point) => Math.abs(point.at - at);
    return [[side, others.reduce((a, b) => (distance(b) < distance(a) ? b : a), first)] as const];
  });
}

/** What the curve shows, for those who don't see it. */
function described(metric: Metric, lines: ChartProps["lines"]): string {
  const words = t.timeline.curves;
  const sides = lines.flatMap(([side, parts]) => {
    const values = parts.flat().map(({ value }) => value);
    if (values.length === 0) return [];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const worst = metric === "mos" ? Math.min(...values) : Math.max(...values);
    return [words.summary(words.sides[side], written(metric, mean), written(metric, worst))];
  });
  return `${words.metrics[metric]}: ${sides.join("; ")}`;
}
