/** Public holidays as exceptions of hours: which there would be, and which are there already. */

import type { Holiday, HoursException } from "../../api/generated/schema.ts";

/** What a label of an exception may have, in characters. */
const LABEL_CHARS = 100;

export interface Offered {
  readonly date: string;
  readonly name: string;
  /** The exception that holds on the date already. */
  readonly taken: HoursException | undefined;
}

/** One for each date that a place has a holiday on. An empty region is the country at large. */
export function offered(
  holidays: readonly Holiday[],
  region: string,
  exceptions: readonly HoursException[],
): readonly Offered[] {
  const names = new Map<string, string>();
  for (const { date, name, general, regions } of holidays) {
    const holds = regions == null || (region === "" ? general : regions.includes(region));
    if (!holds) continue;
    const known = names.get(date);
    // Two of one date are one exception.
    names.set(date, known === undefined || known === name ? name : `${known}, ${name}`);
  }
  return [...names]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([date, name]) => ({
      date,
      name,
      taken: exceptions.find((one) => date >= one.date && date <= (one.until ?? one.date)),
    }));
}

/** The exceptions with these days closed, in the order of their dates. Dates that are taken are left. */
export function withHolidays(
  exceptions: readonly HoursException[],
  chosen: readonly Offered[],
): HoursException[] {
  const added = chosen
    .filter(({ taken }) => taken === undefined)
    .map(({ date, name }) => ({
      date,
      label: [...name].slice(0, LABEL_CHARS).join(""),
      windows: [],
    }));
  return [...exceptions, ...added].sort((one, other) => one.date.localeCompare(other.date));
}

/** The country that a time zone or a language speaks of, if any: `de-AT` is of Austria. */
export function likelyCountry(
  languages: readonly string[],
  known: readonly string[],
): string | null {
  for (const language of languages) {
    try {
      const { region } = new Intl.Locale(language).maximize();
      if (region !== undefined && known.includes(region)) return region;
    } catch {
      // A browser may name anything.
    }
  }
  return null;
}

const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

/** A country's name, for people. */
export const countryName = (code: string): string => names.of(code) ?? code;
