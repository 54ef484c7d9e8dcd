/** `embed.js`: mounts what its own script tag asks for, and leaves `window.Bellpush` for more. */

import type { Report } from "./check/findings.ts";
import type { Handle } from "./handle.ts";
import { type MountOptions, readScript } from "./options.ts";
import { firstOptions, handleOf, mountAt, type Place } from "./page.ts";
import { complain, guard, more, setMore, whenReady } from "./say.ts";
import { ownScripts } from "./script.ts";

/** What was asked for before the loader was there: a function, or a method's name with its arguments. */
export type Queued = ((bellpush: BellpushGlobal) => void) | readonly [name: string, ...unknown[]];

export interface BellpushGlobal {
  mount(place: Place, options: MountOptions): Handle;
  /** The handle of an app's widget, or of the first one there is; null without one. */
  get(app?: string): Handle | null;
  /** Says what would keep a call from being made in this page; of the first widget, without options. */
  check(options?: MountOptions): Promise<Report>;
  /** Runs it now: the same call as before the loader was there. */
  push(...queued: readonly Queued[]): void;
}

declare global {
  interface Window {
    Bellpush?: BellpushGlobal;
  }
}

/** How long a page may take to mount something before it is told that nothing will happen. */
const SILENCE_MS = 1000;

// Known only while the script runs for the first time.
const current = document.currentScript;
const { stack = "" } = new Error();

guard(() => {
  const scripts = ownScripts(current as HTMLScriptElement | null, stack);
  // Not yet the loader: what was pushed into `window.Bellpush = window.Bellpush || []`.
  const before = window.Bellpush as BellpushGlobal | Queued[] | undefined;
  const host = scripts[0]?.address.origin;
  const load = (again: string | number) =>
    import(/* @vite-ignore */ `${host}/embed/more.js?${again}`);
  // What could not be loaded once, some browsers never ask for again by its address.
  setMore(() => load("").catch(() => load(Date.now())));
  for (const { address, data } of scripts) {
    guard(() => {
      const { mount, ...options } = readScript(address, data);
      if (options.app || options.key) {
        mountAt(mount ?? null, options);
      }
    });
  }
  if (!(before as BellpushGlobal | undefined)?.get) {
    const bellpush: BellpushGlobal = {
      mount: (place, options) => mountAt(place, host ? { host, ...options } : options),
      get: handleOf,
      check: (options) =>
        more().then((part) => part.check({ host, ...(options ?? firstOptions()) })),
      push(...queued) {
        for (const entry of queued) {
          guard(() => run(bellpush, entry));
        }
      },
    };
    window.Bellpush = bellpush;
    if (Array.isArray(before)) {
      bellpush.push(...before);
    }
  }
  if (/[?&]check=1/.test(location + stack)) {
    window.Bellpush?.check();
  }
  whenReady(() =>
    setTimeout(() => {
      if (!handleOf()) {
        more().then((part) => complain(part.NOTHING_MOUNTED), complain);
      }
    }, SILENCE_MS),
  );
});

function run(bellpush: BellpushGlobal, entry: Queued): void {
  if (typeof entry === "function") {
    entry(bellpush);
  } else {
    const [name, ...values] = entry;
    const target = (name in bellpush ? bellpush : handleOf()) as unknown as Record<
      string,
      (...values: unknown[]) => void
    >;
    target[name]?.(...values);
  }
}
