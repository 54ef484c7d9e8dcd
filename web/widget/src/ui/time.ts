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

/** Minutes and seconds in words, as the language has them, for screen readers. */
export function spokenTime(seconds: number, t: Texts): string {
  const say = (value: number, unit: "minute" | "second") =>
    new Intl.NumberFormat(t.language, { style: "unit", unit, unitDisplay: "long" }).format(value);
  const minutes = Math.floor(seconds / 60);
  const rest = say(Math.floor(seconds % 60), "second");
  return minutes === 0 ? rest : `${say(minutes, "minute")} ${rest}`;
}
