/** The figures that people act on: large, with the time before beside them, and what each one means. */

import { Tooltip, UnstyledButton } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";

import type { AnalyticsSummary } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import classes from "./analytics.module.css";
import {
  amountOf,
  type FigureName,
  isMean,
  isOfFew,
  meaningOf,
  nameOf,
  percent,
  read,
  write,
} from "./figures.ts";
import { daysBetween } from "./search.ts";

const SHOWN: readonly FigureName[] = [
  "accepted",
  "answerRate",
  "meanDuration",
  "meanWaitMs",
  "closed",
  "meanScore",
  "oneWay",
  "meanRating",
];

export function Figures({ summary }: { readonly summary: AnalyticsSummary }) {
  return (
    <dl className={classes.figures}>
      {SHOWN.map((name) => (
        <div key={name} className={`surface ${classes.figure}`}>
          <dt className={classes.figureName}>
            {nameOf(name)}
            <Meaning name={name} />
          </dt>
          <dd className={classes.figureValue} data-few={isOfFew(summary.total, name) || undefined}>
            {read(summary.total, name)}
          </dd>
          <dd className={classes.figureNote}>{compared(summary, name)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What a figure means, for who points at it or comes to it by the keyboard. */
export function Meaning({ name }: { readonly name: FigureName }) {
  return (
    <Tooltip
      label={meaningOf(name)}
      multiline
      w={260}
      events={{ hover: true, focus: true, touch: true }}
    >
      <UnstyledButton
        className={classes.meaning}
        aria-label={`${t.analytics.meaning(nameOf(name))}: ${meaningOf(name)}`}
      >
        <IconInfoCircle size={14} stroke={1.8} aria-hidden />
      </UnstyledButton>
    </Tooltip>
  );
}

/** How it has changed against as many days before. */
export function compared({ total, totalBefore, before }: AnalyticsSummary, name: FigureName) {
  const words = t.analytics;
  const days = daysBetween(before.from, before.to);
  const [now, then] = [amountOf(total, name), amountOf(totalBefore, name)];
  if (now === null || isOfFew(total, name)) return " ";
  if (then === null || isOfFew(totalBefore, name)) return words.nothingBefore(days);
  if (now === then) return words.noChange(days);
  const sign = now > then ? "+" : "−";
  if (isMean(name)) return words.change(`${sign}${write(name, Math.abs(now - then))}`, days);
  if (then === 0) return words.nothingBefore(days);
  return words.change(`${sign}${percent(Math.abs(now - then) / then)}`, days);
}
