/** Durations as people read them. */

import type { Texts } from "../i18n/index.ts";

/** `0:07`, `12:05`, `1:00:00` */
export function clockTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

export function spokenTime(seconds: number, t: Texts): string {
  return t.spokenTime(Math.floor(seconds / 60), Math.floor(seconds % 60));
}
