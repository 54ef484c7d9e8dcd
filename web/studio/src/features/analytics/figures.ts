/** The figures: how each is read and written, and when it says something. */

import type { FiguresView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { duration, figure as written } from "../../ui/time.ts";

export type FigureName = keyof typeof t.analytics.figures;

/** Figures that can be drawn. */
export const DRAWN = [
  "accepted",
  "connected",
  "answerRate",
  "failed",
  "refused",
  "taps",
  "loads",
  "closed",
  "meanDuration",
  "meanWaitMs",
  "meanScore",
  "oneWay",
  "rated",
  "meanRating",
] as const satisfies readonly FigureName[];
export type DrawnName = (typeof DRAWN)[number];

/** Figures that are sums, of which the heat map shows one. */
export const SUMS = ["accepted", "taps", "loads", "connected", "failed", "closed"] as const;

/** Of fewer calls, a share or a mean says nothing. */
export const FEW = 20;

const one = (digits: number) =>
  new Intl.NumberFormat(navigator.language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
const tenths = one(1);
const hundredths = one(2);
const percents = new Intl.NumberFormat(navigator.language, {
  style: "percent",
  maximumFractionDigits: 1,
});

export const percent = (share: number): string => percents.format(share);
export const nameOf = (name: FigureName): string => t.analytics.figures[name][0] ?? name;
export const meaningOf = (name: FigureName): string => t.analytics.figures[name][1] ?? "";

/** Its value; nothing where there was nothing to be measured. */
export const amountOf = (figures: FiguresView, name: FigureName): number | null =>
  figures[name] ?? null;

/** Of how many calls a share or a mean is; nothing of a sum. */
export function baseOf(figures: FiguresView, name: FigureName): number | null {
  switch (name) {
    case "answerRate":
      return figures.ended + figures.failed;
    case "meanDuration":
      return figures.ended;
    case "meanWaitMs":
      return figures.connected;
    case "meanScore":
      return figures.scored;
    case "meanRating":
      return figures.rated;
    default:
      return null;
  }
}

export const isMean = (name: FigureName): boolean =>
  name === "answerRate" || name.startsWith("mean");

/** Whether it is of so few calls that it says nothing. */
export function isOfFew(figures: FiguresView, name: FigureName): boolean {
  const base = baseOf(figures, name);
  // Times and stars of few calls are still what they were; a share of few is not.
  return base !== null && base < (name === "answerRate" ? FEW : 1);
}

export function write(name: FigureName, value: number): string {
  switch (name) {
    case "answerRate":
      return percent(value);
    case "meanDuration":
      return duration(Math.round(value));
    case "meanWaitMs":
      return `${tenths.format(value / 1_000)} s`;
    case "meanScore":
      return hundredths.format(value);
    case "meanRating":
      return tenths.format(value);
    default:
      return written(value);
  }
}

/** As a person reads it: the figure, or why there is none. */
export function read(figures: FiguresView, name: FigureName): string {
  const value = amountOf(figures, name);
  if (value === null) return "–";
  return isOfFew(figures, name) ? t.analytics.tooFew : write(name, value);
}
