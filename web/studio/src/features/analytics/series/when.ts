/** Steps of a series, as people name them, by the clocks of a time zone. */

import type { Step } from "../search.ts";

const FORMS: Record<Step, Intl.DateTimeFormatOptions> = {
  hour: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  day: { weekday: "short", day: "numeric", month: "short" },
  week: { day: "numeric", month: "short", year: "numeric" },
  month: { month: "long", year: "numeric" },
};

/** On a day on which an hour comes twice, it is told apart by its zone's short name. */
export function whenOf(start: string, step: Step, timeZone: string): string {
  const name = step === "hour" ? ({ timeZoneName: "short" } as const) : {};
  const form = new Intl.DateTimeFormat(navigator.language, { ...FORMS[step], ...name, timeZone });
  return form.format(new Date(start));
}

/** Shorter, for an axis. */
export function tickOf(start: string, step: Step, timeZone: string): string {
  const options: Intl.DateTimeFormatOptions =
    step === "hour"
      ? { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }
      : step === "month"
        ? { month: "short", year: "numeric" }
        : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(navigator.language, { ...options, timeZone }).format(
    new Date(start),
  );
}
