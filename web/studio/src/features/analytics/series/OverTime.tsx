/** One figure over time, as bars or a line, or all of them as a table. */

import { SegmentedControl, Select } from "@mantine/core";

import type { AnalyticsSeries, SeriesPoint } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import { type Column, DataTable } from "../../../ui/list/DataTable.tsx";
import { Section } from "../../../ui/Section.tsx";
import { Loaded } from "../../../ui/states.tsx";
import { timeInZone } from "../../../ui/time.ts";
import classes from "../analytics.module.css";
import { Csv } from "../Breakdown.tsx";
import { DRAWN, type DrawnName, meaningOf, nameOf, read } from "../figures.ts";
import type { PartProps } from "../part.ts";
import { csvAddress, useMarks, useSeries } from "../queries.ts";
import { daysBetween, STEPS, type Step, stepOf, stepsOf } from "../search.ts";
import { Chart } from "./Chart.tsx";
import { whenOf } from "./when.ts";

export function OverTime({ appId, search, asked, go }: PartProps) {
  const words = t.analytics.series;
  const days = daysBetween(asked.from, asked.to);
  const step = stepOf(search.step, days);
  const shown = DRAWN.find((name) => name === search.figure) ?? "accepted";
  const series = useSeries(appId, asked, step);
  const form = search.table === true ? "table" : "chart";
  return (
    <Section
      title={words.title}
      lead={form === "chart" && meaningOf(shown)}
      actions={
        <>
          {form === "chart" && (
            <Select
              size="xs"
              w={170}
              aria-label={words.figure}
              allowDeselect={false}
              value={shown}
              onChange={(value) => go({ figure: value ?? undefined })}
              data={DRAWN.map((value) => ({ value, label: nameOf(value) }))}
            />
          )}
          <Select
            size="xs"
            w={110}
            aria-label={words.step}
            allowDeselect={false}
            value={step}
            onChange={(value) => go({ step: STEPS.find((one) => one === value) })}
            data={stepsOf(days).map((value) => ({ value, label: words.steps[value] }))}
          />
          <SegmentedControl
            size="xs"
            aria-label={words.form}
            value={form}
            onChange={(value) => go({ table: value === "table" ? true : undefined })}
            data={[
              { value: "chart", label: words.asChart },
              { value: "table", label: words.asTable },
            ]}
          />
          <Csv href={csvAddress(appId, "series", { ...asked, step })} />
        </>
      }
    >
      <Loaded query={series}>
        {(loaded) => (
          <Shown appId={appId} asked={asked} series={loaded} shown={shown} form={form} />
        )}
      </Loaded>
    </Section>
  );
}

interface ShownProps extends Pick<PartProps, "appId" | "asked"> {
  readonly series: AnalyticsSeries;
  readonly shown: DrawnName;
  readonly form: "chart" | "table";
}

function Shown({ appId, asked, series, shown, form }: ShownProps) {
  const marks = useMarks(appId, asked).data?.items ?? [];
  const { timeZone } = series.period;
  if (form === "table") {
    return (
      <div className={classes.scrolled}>
        <DataTable
          label={t.analytics.series.title}
          rows={series.points}
          rowKey={(point) => point.start}
          plain
          columns={columns(series.step, timeZone)}
        />
        <p className={classes.note}>{t.analytics.zone(timeZone)}</p>
      </div>
    );
  }
  return (
    <>
      <Chart series={series} shown={shown} marks={marks} />
      <p className={classes.note}>{t.analytics.zone(timeZone)}</p>
      {marks.length > 0 && (
        <details className={classes.marks}>
          <summary>
            {t.analytics.series.marks}: {marks.length}
          </summary>
          <ul>
            {marks.map((mark) => (
              <li key={`${mark.at} ${mark.kind} ${mark.name}`}>
                {t.analytics.series.mark[mark.kind]?.(mark.name ?? "") ?? mark.kind}{" "}
                <span className={classes.note}>{timeInZone(mark.at, timeZone)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function columns(step: Step, timeZone: string): readonly Column<SeriesPoint>[] {
  return [
    {
      id: "start",
      header: t.analytics.series.when,
      title: true,
      cell: (point) => <span className={classes.when}>{whenOf(point.start, step, timeZone)}</span>,
    },
    ...DRAWN.map((name) => ({
      id: name,
      header: nameOf(name),
      end: true,
      cell: (point: SeriesPoint) => read(point, name),
    })),
  ];
}
