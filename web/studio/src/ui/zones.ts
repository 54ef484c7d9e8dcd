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
  const { year, month, day, hour, minute } = parts(new Date(instant), timeZone);
  return `${year}-${month}-${day}T${hour}:${minute}`;
}

/** The instant at which the wall clock shows this; of a time that is skipped, the one just after. */
export function instantOf(wallClock: string, timeZone: string): string {
  const asUtc = Date.parse(`${wallClock}Z`);
  const offsetAt = (instant: number) =>
    Date.parse(`${wallClockOf(new Date(instant).toISOString(), timeZone)}Z`) - instant;
  // The offset there may differ from the one at the same figures of UTC.
  const first = asUtc - offsetAt(asUtc);
  return new Date(asUtc - offsetAt(first)).toISOString();
}
