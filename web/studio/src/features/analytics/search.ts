/** What analytics keeps in its address, and what it asks for by that. */

export const DIMENSIONS = ["profile", "page", "browser", "language", "network"] as const;
export type Dimension = (typeof DIMENSIONS)[number];
export const STEPS = ["hour", "day", "week", "month"] as const;
export type Step = (typeof STEPS)[number];
/** Numbers of days that are one choice. */
export const SPANS = [7, 30, 90, 365] as const;
export type Span = (typeof SPANS)[number];
export const USUAL_SPAN: Span = 30;

export type Filters = { readonly [D in Dimension]?: string };

export interface AnalyticsSearch extends Filters {
  /** The last days up to today; otherwise `from` and `to` say which. */
  readonly days?: Span;
  readonly from?: string;
  readonly to?: string;
  readonly step?: Step;
  /** The figure of the chart, and that of the heat map. */
  readonly figure?: string;
  readonly heat?: string;
  readonly by?: Dimension;
  readonly table?: true;
}

/** A day such as `2026-03-01`, or nothing. */
export function day(value: unknown): string | undefined {
  const isDay = typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value);
  return isDay && !Number.isNaN(Date.parse(value)) ? value : undefined;
}

/** Which day it is in a time zone. */
export function today(timeZone: string, now = new Date()): string {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone,
    calendar: "iso8601",
    numberingSystem: "latn",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(now);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** So many days later, or earlier. */
export function daysAfter(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** Days from one to another, both included. */
export const daysBetween = (from: string, to: string): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1;

/** Days and visitors that are asked for. */
export interface Asked extends Filters {
  readonly from: string;
  readonly to: string;
}

export function asked(search: AnalyticsSearch, timeZone: string): Asked {
  const filters = Object.fromEntries(
    DIMENSIONS.flatMap((dimension) => {
      const value = search[dimension];
      return value === undefined ? [] : [[dimension, value]];
    }),
  );
  const last = today(timeZone);
  if (search.days === undefined && (search.from !== undefined || search.to !== undefined)) {
    const to = search.to ?? last;
    return { ...filters, from: search.from ?? daysAfter(to, 1 - USUAL_SPAN), to };
  }
  return { ...filters, from: daysAfter(last, 1 - (search.days ?? USUAL_SPAN)), to: last };
}

/** Days of which a series may go by hours. */
const HOURLY_DAYS = 20;

/** The steps that so many days can be cut into. */
export const stepsOf = (days: number): readonly Step[] =>
  STEPS.filter(
    (step) =>
      (step !== "hour" || days <= HOURLY_DAYS) &&
      (step !== "week" || days > 7) &&
      (step !== "month" || days > 31),
  );

/** The step that was chosen, where there can be such, or else a fitting one. */
export function stepOf(chosen: Step | undefined, days: number): Step {
  const possible = stepsOf(days);
  if (chosen !== undefined && possible.includes(chosen)) return chosen;
  return days <= 2 ? "hour" : days > 180 ? "week" : "day";
}
