/** The figures of alerts: percent of calls, or counts. */

import type { AlertKind } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { figure } from "../../ui/time.ts";
import { SHARES } from "./values.ts";

export function readingOf(kind: AlertKind, value: number): string {
  const rounded = figure(Math.round(value * 10) / 10);
  return SHARES.includes(kind) ? t.alerts.percent(rounded) : rounded;
}

/** How long it lasted, such as "12 min" or "3 h 5 min". */
export function lasted(from: string, to: string): string {
  const minutes = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 60_000));
  return t.alerts.minutes(Math.floor(minutes / 60), minutes % 60);
}
