/** The figures by hour of the week, as the app's clocks show it. */

import { Select } from "@mantine/core";

import type { HeatMapCell } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import { Loaded } from "../../ui/states.tsx";
import { figure } from "../../ui/time.ts";
import classes from "./analytics.module.css";
import { nameOf, SUMS } from "./figures.ts";
import type { PartProps } from "./part.ts";
import { useHeatMap } from "./queries.ts";

type SumName = (typeof SUMS)[number];

export function HeatMap({ appId, search, asked, summary, go }: PartProps) {
  const words = t.analytics.heat;
  const heat = useHeatMap(appId, asked);
  const shown = SUMS.find((name) => name === search.heat) ?? "accepted";
  return (
    <Section
      title={words.title}
      actions={
        <Select
          size="xs"
          w={170}
          aria-label={t.analytics.series.figure}
          allowDeselect={false}
          value={shown}
          onChange={(value) => go({ heat: value ?? undefined })}
          data={SUMS.map((value) => ({ value, label: nameOf(value) }))}
        />
      }
    >
      <Loaded query={heat}>{({ cells }) => <Week cells={cells} shown={shown} />}</Loaded>
      <p className={classes.note}>{t.analytics.zone(summary.period.timeZone)}</p>
    </Section>
  );
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
/** Shades from none to the most. */
const SHADES = 5;

interface WeekProps {
  readonly cells: readonly HeatMapCell[];
  readonly shown: SumName;
}

function Week({ cells, shown }: WeekProps) {
  const words = t.analytics.heat;
  const label = `${words.title}: ${words.weekday}`;
  const most = Math.max(...cells.map((cell) => cell[shown]));
  const of = (weekday: number, hour: number) =>
    cells.find((cell) => cell.weekday === weekday && cell.hour === hour)?.[shown] ?? 0;
  // Nothing has no shade; the least there is has one.
  const shade = (count: number) => (count === 0 ? 0 : Math.ceil((SHADES * count) / most));
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
      <section className={classes.week} aria-label={label} tabIndex={0}>
        <table className={classes.heat}>
          <thead>
            <tr>
              <th scope="col">
                <span className={classes.unseen}>{words.weekday}</span>
              </th>
              {HOURS.map((hour) => (
                <th key={hour} scope="col">
                  {hour % 3 === 0 ? hour : <span className={classes.unseen}>{hour}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {words.weekdays.map((name, day) => (
              <tr key={name}>
                <th scope="row" abbr={name}>
                  {words.short[day]}
                </th>
                {HOURS.map((hour) => {
                  const count = of(day + 1, hour);
                  const clock = `${String(hour).padStart(2, "0")}:00`;
                  return (
                    <td
                      key={hour}
                      data-shade={shade(count)}
                      title={words.cell(name, clock, figure(count))}
                    >
                      <span className={classes.unseen}>{figure(count)}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <div className={classes.legend} aria-hidden>
        {words.less}
        {Array.from({ length: SHADES + 1 }, (_, shade) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: shades that never move
          <span key={shade} data-shade={shade} />
        ))}
        {words.moreOf}
      </div>
    </>
  );
}
