/** One figure over time: bars of sums, a line of shares and means, with marks for what changed. */

import { useState } from "react";

import type { AnalyticsSeries, MarkView } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import classes from "../analytics.module.css";
import { amountOf, type DrawnName, isMean, isOfFew, nameOf, read, write } from "../figures.ts";
import { roundTop, runs, ticks } from "./scale.ts";
import { tickOf, whenOf } from "./when.ts";

const WIDTH = 1_000;
const HEIGHT = 220;
const TICKS = 5;

interface ChartProps {
  readonly series: AnalyticsSeries;
  readonly shown: DrawnName;
  readonly marks: readonly MarkView[];
}

export function Chart({ series, shown, marks }: ChartProps) {
  const [pointed, setPointed] = useState<number | null>(null);
  const { points, step } = series;
  const { timeZone } = series.period;
  const values = points.map((point) => (isOfFew(point, shown) ? null : amountOf(point, shown)));
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  const top = topOf(shown, most);
  const width = WIDTH / Math.max(1, points.length);
  const y = (value: number) => HEIGHT - (HEIGHT * value) / top;
  const near = pointed === null ? undefined : points[pointed];
  const when = (place: number) => {
    const point = points[place];
    return point === undefined ? "" : whenOf(point.start, step, timeZone);
  };
  const placed = placedMarks(series, marks);
  const nearMarks = placed.filter((mark) => mark.place === pointed);
  return (
    <figure className={classes.chart}>
      <figcaption className={classes.pointed} aria-hidden>
        {near === undefined ? (
          nameOf(shown)
        ) : (
          <>
            <strong>{read(near, shown)}</strong> {when(pointed ?? 0)}
            {nearMarks.map(({ mark }) => (
              <span key={`${mark.at} ${mark.kind}`} className={classes.pointedMark}>
                {markName(mark)}
              </span>
            ))}
          </>
        )}
      </figcaption>
      <div className={classes.plot}>
        <div className={classes.scale} aria-hidden>
          <span>{write(shown, top)}</span>
          <span>{write(shown, top / 2)}</span>
          <span>{write(shown, 0)}</span>
        </div>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={withMarks(described(shown, values, when), placed, when)}
          onPointerMove={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            const place = Math.floor(((event.clientX - box.left) / box.width) * points.length);
            setPointed(Math.min(points.length - 1, Math.max(0, place)));
          }}
          onPointerLeave={() => setPointed(null)}
        >
          {[0, 0.5].map((part) => (
            <line
              key={part}
              className={classes.grid}
              x2={WIDTH}
              y1={HEIGHT * part}
              y2={HEIGHT * part}
            />
          ))}
          {near !== undefined && (
            <rect
              className={classes.pointer}
              x={(pointed ?? 0) * width}
              width={width}
              height={HEIGHT}
            />
          )}
          {isMean(shown)
            ? runs(values).map((run) => (
                <polyline
                  key={run[0]}
                  className={classes.line}
                  points={lineOf(run, values, width, y)}
                />
              ))
            : values.map((value, place) => (
                <rect
                  key={points[place]?.start}
                  className={classes.column}
                  x={place * width + width * 0.12}
                  width={width * 0.76}
                  y={y(value ?? 0)}
                  height={HEIGHT - y(value ?? 0)}
                />
              ))}
          {placed.map(({ mark, x }) => (
            <line
              key={`${mark.at} ${mark.kind} ${mark.name}`}
              className={classes.mark}
              x1={x}
              x2={x}
              y2={HEIGHT}
            >
              <title>{markName(mark)}</title>
            </line>
          ))}
        </svg>
      </div>
      <div className={classes.axis} aria-hidden>
        {ticks(points.length, TICKS).map((place) => {
          const point = points[place];
          return point && <span key={place}>{tickOf(point.start, step, timeZone)}</span>;
        })}
      </div>
    </figure>
  );
}

/** Marks that are named in a chart's description; the list under it has all of them. */
const NAMED_MARKS = 5;

/** The description with the newest marks: the lines of a picture are not read out. */
function withMarks(
  description: string,
  placed: readonly PlacedMark[],
  when: (place: number) => string,
): string {
  if (placed.length === 0) return description;
  const words = t.analytics.series;
  const named = placed.slice(0, NAMED_MARKS);
  const marks = named.map(({ mark, place }) => `${markName(mark)}, ${when(place)}`);
  const rest = placed.length - named.length;
  return words.marked(description, rest > 0 ? [...marks, words.more(rest)] : marks);
}

const markName = (mark: MarkView) =>
  t.analytics.series.mark[mark.kind]?.(mark.name ?? "") ?? mark.kind;

/** Shares go up to all, scores and stars to five. */
function topOf(shown: DrawnName, most: number): number {
  switch (shown) {
    case "answerRate":
      return 1;
    case "meanScore":
    case "meanRating":
      return 5;
    case "meanDuration":
    case "meanWaitMs":
      return roundTop(most);
    default:
      // Half of it is a whole number, too.
      return Math.max(2, roundTop(most));
  }
}

/** A value alone is a short line, too. */
function lineOf(
  run: readonly number[],
  values: readonly (number | null)[],
  width: number,
  y: (value: number) => number,
): string {
  const at = run.map((place) => {
    const height = y(values[place] ?? 0).toFixed(1);
    const middle = (place + 0.5) * width;
    return run.length === 1
      ? `${(middle - width / 3).toFixed(1)},${height} ${(middle + width / 3).toFixed(1)},${height}`
      : `${middle.toFixed(1)},${height}`;
  });
  return at.join(" ");
}

interface PlacedMark {
  readonly mark: MarkView;
  /** The point that it is in. */
  readonly place: number;
  readonly x: number;
}

/** Where marks lie among the points. */
function placedMarks(
  { points }: AnalyticsSeries,
  marks: readonly MarkView[],
): readonly PlacedMark[] {
  const width = WIDTH / Math.max(1, points.length);
  return marks.flatMap((mark) => {
    const at = Date.parse(mark.at);
    const place = points.findIndex(
      (point) => Date.parse(point.start) <= at && at < Date.parse(point.end),
    );
    const point = points[place];
    if (point === undefined) return [];
    const [start, end] = [Date.parse(point.start), Date.parse(point.end)];
    return [{ mark, place, x: (place + (at - start) / (end - start)) * width }];
  });
}

/** What the chart shows, for those who don't see it. */
function described(
  shown: DrawnName,
  values: readonly (number | null)[],
  when: (place: number) => string,
): string {
  const words = t.analytics.series;
  const numbers = values.map((value) => value ?? -1);
  const most = Math.max(0, ...numbers);
  const place = numbers.indexOf(most);
  if (place < 0 || most === 0) return `${nameOf(shown)}: ${words.nothing}`;
  if (isMean(shown)) return words.mean(nameOf(shown), write(shown, most), when(place));
  const total = values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return words.summary(nameOf(shown), write(shown, total), write(shown, most), when(place));
}
