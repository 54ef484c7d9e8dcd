/** Between the clock on the wall of a time zone, and an instant. */

const parts = (instant: Date, timeZone: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    new Intl.DateTimeFormat("en-CA", {
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone,
    })
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );

/** An instant as the wall clock shows it: `2026-12-24T10:00`. */
export function wallClockOf(instant: string, timeZone: string): string {
  const { year = "", month, day, hour, minute } = parts(new Date(instant), timeZone);
  return `${year.padStart(4, "0")}-${month}-${day}T${hour}:${minute}`;
}

const DAY_MS = 86_400_000;

/**
 * The instant at which the wall clock shows this, the first one where it does so twice; of a time that is
 * skipped, the one just after. null: no clock shows that.
 */
export function instantOf(wallClock: string, timeZone: string): string | null {
  const asUtc = Date.parse(`${wallClock}Z`);
  if (Number.isNaN(asUtc)) return null;
  const offsetAt = (instant: number) =>
    Date.parse(`${wallClockOf(new Date(instant).toISOString(), timeZone)}Z`) - instant;
  // No clock is put twice within two days.
  const [before, after] = [asUtc - DAY_MS, asUtc + DAY_MS].map((near) => asUtc - offsetAt(near));
  const both = [before ?? asUtc, after ?? asUtc]
    .sort((a, b) => a - b)
    .map((instant) => new Date(instant).toISOString());
  return both.find((one) => wallClockOf(one, timeZone) === wallClock) ?? both[1] ?? null;
}

/** The day that it is, as a calendar there shows it: `2026-12-24`. */
export const todayIn = (timeZone: string): string =>
  wallClockOf(new Date().toISOString(), timeZone).slice(0, 10);
