/** What is behind the figures: reasons, ranges and ratings, each with its share and the calls behind it. */

import { SimpleGrid } from "@mantine/core";

import type { RangeCount, WordCount } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { TextLink } from "../../ui/links.tsx";
import { Section } from "../../ui/Section.tsx";
import { duration, figure } from "../../ui/time.ts";
import { type CallFilter, GRADES, RATINGS, REASONS } from "../calls/search.ts";
import classes from "./analytics.module.css";
import { FEW, percent } from "./figures.ts";
import type { PartProps } from "./part.ts";

interface Bar {
  readonly key: string;
  readonly name: string;
  readonly count: number;
  /** The calls behind it, where the list of calls can show just these. */
  readonly calls?: CallFilter;
}

type DetailName = Exclude<
  keyof typeof t.analytics.details,
  "nothing" | "callbackReasons" | "share" | "count" | "what" | "range" | "from" | "calls"
>;

export function Details({ appId, asked, summary: { details, period } }: PartProps) {
  // The list of calls knows of no browsers and languages.
  const isListed = [asked.page, asked.browser, asked.language, asked.network].every(
    (value) => value === undefined,
  );
  const span: CallFilter = {
    preview: false,
    from: period.start,
    to: period.end,
    ...(asked.profile !== undefined && { profileId: asked.profile }),
  };
  const parts: readonly (readonly [DetailName, readonly Bar[]])[] = [
    ["refused", words(details.refused, errorName)],
    ["failed", words(details.failed, errorName, (errorCode) => ({ errorCode }) as CallFilter)],
    [
      "durations",
      ranges(details.durations, lengthRange, ({ from, to }) => ({
        minDuration: from,
        ...(to != null && { maxDuration: to - 1 }),
      })),
    ],
    ["waits", ranges(details.waits, secondsRange)],
    [
      "qualities",
      words(details.qualities, gradeName, (word) => ({
        quality: GRADES.find((grade) => grade === word),
      })),
    ],
    [
      "ratings",
      ranges(
        details.ratings,
        ({ from }) => t.calls.stars(from),
        ({ from }) => ({
          rating: RATINGS.find((stars) => stars === from),
        }),
      ),
    ],
    [
      "reasons",
      words(details.reasons, reasonName, (word) => ({
        reason: REASONS.find((reason) => reason === word),
      })),
    ],
    ["callbacks", words(details.callbacks, (word) => t.analytics.details.callbackReasons[word])],
  ];
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      {parts.map(([name, bars]) => (
        <Part
          key={name}
          name={name}
          bars={bars.map(({ calls, ...bar }) =>
            isListed && calls !== undefined ? { ...bar, calls: { ...span, ...calls } } : bar,
          )}
          appId={appId}
        />
      ))}
    </SimpleGrid>
  );
}

interface PartOfDetailsProps {
  readonly appId: string;
  readonly name: DetailName;
  readonly bars: readonly Bar[];
}

function Part({ appId, name, bars }: PartOfDetailsProps) {
  const texts = t.analytics.details;
  const all = bars.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(1, ...bars.map(({ count }) => count));
  return (
    <Section title={texts[name][0]} lead={texts[name][1]}>
      {all === 0 ? (
        <p className={classes.note}>{texts.nothing}</p>
      ) : (
        <ul className={classes.bars}>
          {bars.map((bar) => (
            <li key={bar.key} className={classes.bar}>
              <span className={classes.barName}>
                {bar.calls !== undefined && bar.count > 0 ? (
                  <TextLink
                    to="/apps/$appId/calls"
                    params={{ appId }}
                    search={bar.calls}
                    aria-label={texts.calls(bar.name)}
                  >
                    {bar.name}
                  </TextLink>
                ) : (
                  bar.name
                )}
              </span>
              <span className={classes.stepBar} aria-hidden>
                {bar.count > 0 && <span style={{ inlineSize: `${(100 * bar.count) / most}%` }} />}
              </span>
              <span className={classes.stepCount}>{figure(bar.count)}</span>
              <span className={classes.barShare}>{all >= FEW && percent(bar.count / all)}</span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function words(
  counts: readonly WordCount[],
  name: (word: string) => string | undefined,
  calls?: (word: string) => CallFilter,
): readonly Bar[] {
  return counts.map(({ word, count }) => ({
    key: word,
    name: name(word) ?? word,
    count,
    ...(calls !== undefined && { calls: calls(word) }),
  }));
}

function ranges(
  counts: readonly RangeCount[],
  name: (range: RangeCount) => string,
  calls?: (range: RangeCount) => CallFilter,
): readonly Bar[] {
  return counts.map((range) => ({
    key: String(range.from),
    name: name(range),
    count: range.count,
    ...(calls !== undefined && { calls: calls(range) }),
  }));
}

const errorName = (code: string) => t.calls.errors[code]?.[0];
const gradeName = (word: string) => {
  const grade = GRADES.find((one) => one === word);
  return grade === undefined ? undefined : t.calls.grades[grade];
};
const reasonName = (word: string) => {
  const reason = REASONS.find((one) => one === word);
  return reason === undefined ? undefined : t.calls.endedBy[reason];
};

const rangeOf = ({ from, to }: RangeCount, write: (seconds: number) => string) =>
  to == null
    ? t.analytics.details.from(write(from))
    : t.analytics.details.range(write(from), write(to));
const lengthRange = (range: RangeCount) => rangeOf(range, duration);
const secondsRange = (range: RangeCount) => rangeOf(range, (seconds) => `${seconds} s`);
