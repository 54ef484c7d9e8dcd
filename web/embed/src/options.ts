/** What a page can choose, by script attributes, by the script's address or by `mount`. */

import type { ContextPatch, Theme } from "@bellpush/protocol";

export type Corner = "bottom-right" | "bottom-left" | "top-right" | "top-left";

/** How the floating button looks and where it is. */
export interface LauncherOptions {
  /** Default: the lower corner at the end of a line, which is the right one in English. */
  readonly position?: Corner;
  /** Pixels from the two edges: one number, or two, as `[across, down]` or "across,down"; default 20. */
  readonly offset?: number | string | readonly [number, number];
  /** Shown on the button, and its name; default: an icon alone, named in the visitor's language. */
  readonly label?: string;
  /** The address of an image, or the filled outline of a 28 × 28 icon as an SVG path. */
  readonly icon?: string;
  /** Default: above all of the page, in the top layer where the browser has one. */
  readonly zIndex?: number | string;
  /** `false`: no button. The page opens the panel itself, by the handle or by `data-bellpush`. */
  readonly launcher?: boolean | "true" | "false";
}

export interface MountOptions extends LauncherOptions {
  /** The app's id, `app_…`. */
  readonly app: string;
  /** The app's widget key. */
  readonly key: string;
  /** What the page says about the visitor; it is on every event. Texts alone. */
  readonly context?: Readonly<Record<string, string>>;
  /** The profile to call instead of the default one, `dest_…`. */
  readonly destination?: string;
  /** A session that the page's own server has made, `st_…`; as a function, asked at each call. */
  readonly session?: string | (() => string | Promise<string>);
  /** A language tag; default: the first of the visitor's own that the widget speaks, else the app's. */
  readonly lang?: string;
  readonly theme?: Theme;
  /** The origin of the Bellpush server; default: where the loader came from. */
  readonly host?: string;
}

/**
 * The widget's address in a page of this origin. Throws what is wrong with the options, as a sentence;
 * the limits of the context are the server's.
 */
export function addressOf(options: MountOptions, origin: string): URL {
  const { app, host, key, context } = options;
  if (!app || !key || !host) {
    throw Error("app, key and host must be given");
  }
  const address = new URL(`/w/${app}`, host);
  const query = address.searchParams;
  const settings: Record<string, unknown> = { ...options, preview: "", origin };
  for (const name of "key session destination lang theme preview origin".split(" ")) {
    const value = settings[name];
    query.set(name, typeof value === "string" ? value : "");
  }
  for (const [name, value] of Object.entries(context ?? {})) {
    if (typeof value !== "string" || query.has(name)) {
      throw Error(`context key "${name}" ${query.has(name) ? "is reserved" : "needs a text"}`);
    }
    query.set(name, value);
  }
  return address;
}

/** A context with some of it changed; a key with null is taken out. */
export function patched(context: object | undefined, patch: ContextPatch): Record<string, string> {
  const all = Object.entries<string | null>({ ...context, ...patch });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** What is no context among the parameters of the script's address; `_` is how caches are passed by. */
const SETTINGS =
  /^(app|key|destination|session|lang|theme|position|offset|label|icon|zIndex|launcher|mount|check|_)$/;

/** The options of a script, with the selector of the element to mount in. */
export type ScriptOptions = MountOptions & { readonly mount?: string };

/**
 * Reads `data-app`, `data-key`, `data-context='{…}'`, `data-context-order-id` and so on, and the same
 * from the script's address, where all other parameters are context. Attributes come first.
 */
export function readScript(address: URL, data: DOMStringMap): ScriptOptions {
  const query = Object.fromEntries(address.searchParams);
  const context: Record<string, unknown> = JSON.parse(data.context ?? "{}");
  const options: Record<string, unknown> = { host: address.origin, context };
  for (const [name, value] of Object.entries({ ...query, ...data })) {
    const [, first, rest] = /^context(.)(.+)$/.exec(name) ?? [];
    if (SETTINGS.test(name)) {
      options[name] = value;
    } else if (first && name in data) {
      context[first.toLowerCase() + rest] = value;
    } else if (query.app && !(name in data)) {
      // Where the settings are attributes, the address has none: its parameters are the page's own.
      context[name] ??= value;
    }
  }
  return options as unknown as ScriptOptions;
}
