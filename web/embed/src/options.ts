/** What a page can choose, by script attributes or by `mount`, and the widget's address from it. */

import type { Theme } from "@bellpush/protocol";

export interface MountOptions {
  /** The app's id, `app_…`. */
  readonly app: string;
  /** The app's widget key. */
  readonly key: string;
  /** What the page says about the visitor; it is on every event. */
  readonly context?: Readonly<Record<string, string>>;
  /** The profile to call instead of the default one, `dest_…`. */
  readonly destination?: string;
  /** A session that the page's own server has made, `st_…`. */
  readonly session?: string;
  /** A language tag; default: the app's language. */
  readonly lang?: string;
  readonly theme?: Theme;
  /** The origin of the Bellpush server; default: where the loader came from. */
  readonly host?: string;
}

/** The widget's address in a page of this origin. */
export function addressOf(options: MountOptions, host: string, origin: string): string {
  const address = new URL(`/w/${encodeURIComponent(options.app)}`, host);
  const { key, session, destination, lang, theme } = options;
  // The widget's own settings come last: a context must not stand in for them.
  const settings = { ...options.context, key, session, destination, lang, theme, origin };
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined) {
      address.searchParams.set(name, String(value));
    }
  }
  return address.href;
}

export interface ScriptOptions {
  readonly options: MountOptions;
  /** A selector of the element to mount in; null: a floating button. */
  readonly mount: string | null;
}

/** Reads `data-app`, `data-key`, `data-context='{…}'`, `data-context-order-id` and so on. */
export function readScript(script: HTMLScriptElement): ScriptOptions | null {
  const { app, key, context, mount, lang, theme, session, destination } = script.dataset;
  if (app === undefined || key === undefined) {
    return null;
  }
  const single = Object.entries(script.dataset).flatMap(([name, value]) => {
    const [, first, rest] = /^context([A-Z])(.*)$/.exec(name) ?? [];
    return first === undefined ? [] : [[first.toLowerCase() + rest, value ?? ""]];
  });
  return {
    mount: mount ?? null,
    options: {
      app,
      key,
      host: new URL(script.src).origin,
      context: {
        ...readJson(context),
        ...Object.fromEntries(single),
      },
      ...(lang === undefined ? {} : { lang }),
      ...(isTheme(theme) ? { theme } : {}),
      ...(session === undefined ? {} : { session }),
      ...(destination === undefined ? {} : { destination }),
    },
  };
}

function readJson(text: string | undefined): Record<string, string> {
  try {
    return text === undefined ? {} : JSON.parse(text);
  } catch {
    throw new Error("data-context is not a JSON object");
  }
}

function isTheme(text: string | undefined): text is Theme {
  return text === "light" || text === "dark" || text === "auto";
}
