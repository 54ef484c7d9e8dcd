/** Times of a day as people type them, and windows of hours. */

import type { BusinessHours, Window } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";

export const DAYS = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const;

export type Day = (typeof DAYS)[number];

export const DAY_MINUTES = 1_440;

/** `09:00` as minutes since midnight; `24:00` is the end of the day. */
export function minutesOf(time: string): number {
  const [hours, minutes] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}

export function timeOf(minutes: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

export type Read =
  | { readonly ok: true; readonly windows: Window[] }
  | { readonly ok: false; readonly fault: string };

const TIME = /^(\d{1,2})(?:[:.h](\d{2})|(\d{2}))?\s*(am|pm)?$/i;

/** Reads `9-12:30, 1:30pm to 6`; nothing, or “closed”, is no window. */
export function readWindows(typed: string): Read {
  const text = typed.trim();
  if (text === "" || text.toLowerCase() === t.hours.closed) return { ok: true, windows: [] };
  const windows: Window[] = [];
  for (const part of text.split(/[,;]+/).map((one) => one.trim())) {
    if (part === "") continue;
    const ends = part.split(/\s*(?:-|–|—|\bto\b|\bbis\b)\s*/i);
    const [first, second] = ends;
    if (ends.length !== 2 || first === undefined || second === undefined) {
      return { ok: false, fault: t.hours.faults.form(part) };
    }
    const [from, to] = [readTime(first), readTime(second)];
    if (from === null || from === DAY_MINUTES)
      return { ok: false, fault: t.hours.faults.time(first) };
    if (to === null) return { ok: false, fault: t.hours.faults.time(second) };
    if (from === to) return { ok: false, fault: t.hours.faults.empty(part) };
    // A window that ends as the day does ends at 24:00, whichever way it was typed.
    windows.push({ from: timeOf(from), to: timeOf(to === 0 ? DAY_MINUTES : to) });
  }
  return { ok: true, windows: sorted(windows) };
}

function readTime(typed: string): number | null {
  const match = TIME.exec(typed.trim());
  if (match === null) return null;
  const [, hour = "", colon, plain, half] = match;
  let hours = Number(hour);
  const minutes = Number(colon ?? plain ?? 0);
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return null;
    hours = (hours % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
  }
  const all = hours * 60 + minutes;
  return minutes < 60 && all <= DAY_MINUTES ? all : null;
}

/** As it is typed: `09:00-12:30, 13:30-18:00`. */
export const writeWindows = (windows: readonly Window[] = []): string =>
  windows.map(({ from, to }) => `${from}–${to}`).join(", ");

export const sorted = (windows: readonly Window[]): Window[] =>
  [...windows].sort((a, b) => minutesOf(a.from) - minutesOf(b.from));

export const isOvernight = ({ from, to }: Window): boolean => minutesOf(to) <= minutesOf(from);

/** A window as it is drawn on its day's line: from and to in minutes, cut at midnight. */
export const onItsDay = (window: Window): readonly [number, number] => [
  minutesOf(window.from),
  isOvernight(window) ? DAY_MINUTES : minutesOf(window.to),
];

/** What a day's line shows of the night before. */
export function overMidnight(hours: BusinessHours, day: Day): readonly number[] {
  const before = DAYS[(DAYS.indexOf(day) + 6) % 7] as Day;
  return (hours.week?.[before] ?? []).filter(isOvernight).map(({ to }) => minutesOf(to));
}

/** A window moved by some minutes, its length kept and its day too; one over midnight begins after its end. */
export function moved(window: Window, by: number): Window {
  const [from, to] = onItsDay(window);
  const length = to - from;
  const start = Math.min(Math.max(0, from + by), DAY_MINUTES - length);
  if (isOvernight(window))
    return {
      ...window,
      from: timeOf(Math.min(Math.max(minutesOf(window.to) + 1, from + by), DAY_MINUTES - 1)),
    };
  return { from: timeOf(start), to: timeOf(start + length) };
}

/** A window with another end; within its day it stays at least `step` long. */
export function resized(window: Window, by: number, step: number): Window {
  const end = minutesOf(window.to) + by;
  const least = isOvernight(window) ? 0 : minutesOf(window.from) + step;
  const most = isOvernight(window) ? minutesOf(window.from) - step : DAY_MINUTES;
  return { ...window, to: timeOf(Math.min(Math.max(least, end), most)) };
}

export const NEW_HOURS = (timeZone: string): BusinessHours => {
  const office = [{ from: "09:00", to: "17:00" }];
  return {
    timeZone,
    week: { monday: office, tuesday: office, wednesday: office, thursday: office, friday: office },
    exceptions: [],
  };
};

/** Fields of an exception beside its label, which stands for it as a whole. */
const OF_EXCEPTION = ["date", "until", "windows"];

/** The form's path of a fault that the server finds in hours. */
export function hoursPath(pointer: string): string {
  const parts = pointer.slice(1).split("/");
  const at = parts.findIndex((part) => part === "week" || part === "exceptions");
  if (at === -1) return parts.join(".");
  const isOwn = parts[at] === "exceptions" && OF_EXCEPTION.includes(parts[at + 2] ?? "");
  return parts.slice(0, at + (isOwn ? 3 : 2)).join(".");
}
