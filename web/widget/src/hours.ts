/** Business hours as the server has told them: open or closed, and the coming changes, in turn. */

import type { OpeningStatus } from "@bellpush/protocol";

/** Whether calls are taken at this time. */
export function isOpen(hours: OpeningStatus, at: number): boolean {
  const passed = hours.changes.filter((change) => Date.parse(change) <= at).length;
  return passed % 2 === 0 ? hours.open : !hours.open;
}

/** When that changes next; null while that is not known. */
export function nextChange(hours: OpeningStatus, at: number): number | null {
  const next = hours.changes.map((change) => Date.parse(change)).find((change) => change > at);
  return next ?? null;
}

const HOUR = 60 * 60 * 1000;

/** A time to come, as the visitor's own clock and language have it: no more of it than is needed. */
export function spokenMoment(at: number, now: number, language: string): string {
  const today = new Date(now);
  const midnight = new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1).getTime();
  const time = { hour: "numeric", minute: "2-digit" } as const;
  let parts: Intl.DateTimeFormatOptions = {
    ...time,
    weekday: "long",
    day: "numeric",
    month: "long",
  };
  if (at < midnight) {
    parts = time;
  } else if (at < midnight + 6 * 24 * HOUR) {
    parts = { ...time, weekday: "long" };
  }
  return new Intl.DateTimeFormat(language, parts).format(at);
}
