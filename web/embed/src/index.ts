/**
 * Puts the call widget into a page: `mount(element, options)` within the element,
 * `mount(null, options)` as a floating button with a panel.
 *
 * Whatever goes wrong is said in the console; nothing is ever thrown into the page. It may be
 * imported where there is no window, and does nothing there.
 */

import type { Checked, Report } from "./check/findings.ts";
import type { Handle } from "./handle.ts";
import type { MountOptions } from "./options.ts";
import { mountAt, type Place } from "./page.ts";
import { more, setMore } from "./say.ts";

export type { Context, ContextPatch, Theme, WidgetState } from "@bellpush/protocol";
export type { CheckCode, Checked, Finding, Report } from "./check/findings.ts";
export type {
  BeforeCall,
  BeforeCallAnswer,
  BellpushEvent,
  EventOf,
  Handle,
  Handler,
  Outcome,
} from "./handle.ts";
export type { Corner, LauncherOptions, MountOptions } from "./options.ts";
export type { Place } from "./page.ts";

setMore(() => import("./more.ts"));

/** Says what would keep a call from being made in this page, in the console too. */
export async function check(options: Checked): Promise<Report> {
  return (await more()).check(options);
}

/** Mounts a widget; `host`, the origin of the Bellpush server, is needed here. */
export function mount(place: Place, options: MountOptions): Handle {
  return mountAt(place, options);
}
