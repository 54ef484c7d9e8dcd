/** From the widget's load to a rated call: how many come so far, and how many are lost at each step. */

import type { AnalyticsSummary } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import { figure } from "../../ui/time.ts";
import classes from "./analytics.module.css";
import { Meaning } from "./Figures.tsx";
import { FEW, nameOf, percent } from "./figures.ts";

const STEPS = ["loads", "taps", "microphones", "accepted", "connected", "ended", "rated"] as const;

export function Funnel({ summary: { total } }: { readonly summary: AnalyticsSummary }) {
  const words = t.analytics.funnel;
  const most = Math.max(1, ...STEPS.map((step) => total[step]));
  return (
    <Section title={words.title} lead={words.lead}>
      <ol className={classes.funnel}>
        {STEPS.map((step, place) => {
          const before = STEPS[place - 1];
          const [count, base] = [total[step], before === undefined ? null : total[before]];
          return (
            <li key={step} className={classes.step}>
              <span className={classes.stepName}>
                {nameOf(step)}
                <Meaning name={step} />
              </span>
              <span className={classes.stepBar} aria-hidden>
                {count > 0 && <span style={{ inlineSize: `${(100 * count) / most}%` }} />}
              </span>
              <span className={classes.stepCount}>{figure(count)}</span>
              <span className={classes.stepShare}>{base !== null && shareOf(count, base)}</span>
            </li>
          );
        })}
      </ol>
    </Section>
  );
}

/** A step may have more than the one before: a session that was begun yesterday calls today. */
function shareOf(count: number, base: number): string {
  const words = t.analytics;
  if (base < FEW) return words.tooFewOf(figure(base));
  const share = words.funnel.ofBefore(percent(count / base));
  return count < base ? `${share} · ${words.funnel.lost(figure(base - count))}` : share;
}
