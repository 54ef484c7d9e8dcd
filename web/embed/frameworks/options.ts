/** What components of all frameworks share: which of their options need a new widget, and which do not. */

import type {
  BeforeCall,
  BeforeCallAnswer,
  BellpushEvent,
  ContextPatch,
  Handle,
  MountOptions,
  WidgetState,
} from "../src/index.ts";

/** The options of `mount`; `key` is a word of the frameworks' own, and is called `widgetKey` here. */
export interface WidgetProps extends Omit<MountOptions, "key" | "host"> {
  /** The app's widget key. */
  readonly widgetKey: string;
  /** The origin of the Bellpush server. */
  readonly host: string;
}

/** What a component tells of, and asks. */
export interface WidgetListeners {
  readonly onEvent?: ((event: BellpushEvent) => void) | undefined;
  readonly onState?: ((state: WidgetState) => void) | undefined;
  readonly onBeforeCall?:
    | ((event: BeforeCall) => BeforeCallAnswer | Promise<BeforeCallAnswer>)
    | undefined;
}

export function optionsOf({ widgetKey, ...rest }: WidgetProps): MountOptions {
  return { ...rest, key: widgetKey };
}

/** Changes with whatever needs a new widget; context, theme and language are changed in place. */
export function identityOf(props: WidgetProps): string {
  const { app, widgetKey, host, destination, session, position, offset, label, icon } = props;
  const fixed = typeof session === "function" ? "function" : session;
  const { zIndex, launcher } = props;
  return JSON.stringify([
    [app, widgetKey, host, destination, fixed],
    [position, offset, label, icon, zIndex, launcher],
  ]);
}

/**
 * Keeps a widget as its component has it at the moment. What comes back is called when that may have changed.
 */
export function follow(handle: Handle, latest: () => WidgetProps & WidgetListeners): () => void {
  /** What the widget was told last. */
  let told: WidgetProps = latest();
  /** Takes back that the page is asked before calls; null while it is not. */
  let unask: (() => void) | null = null;

  function keep(): void {
    const { onBeforeCall, ...props } = latest();
    if (onBeforeCall !== undefined) {
      unask ??= handle.on("beforecall", (event) => latest().onBeforeCall?.(event));
    } else {
      unask?.();
      unask = null;
    }
    // A call keeps its context: another one is told when it is over.
    const { context = {} } = handle.state.name === "calling" ? told : props;
    const before = told;
    told = { ...props, context };
    change(handle, before, told);
  }

  handle.on("*", (event) => latest().onEvent?.(event));
  handle.on("state", (state) => {
    latest().onState?.(state);
    keep();
  });
  keep();
  return keep;
}

/** Changes what can be changed in place. */
function change(handle: Handle, before: WidgetProps, after: WidgetProps): void {
  const patch = difference(before.context ?? {}, after.context ?? {});
  if (Object.keys(patch).length > 0) {
    handle.setContext(patch);
  }
  if (after.theme !== before.theme) {
    handle.setTheme(after.theme ?? "auto");
  }
  if (after.lang !== before.lang && after.lang !== undefined) {
    handle.setLanguage(after.lang);
  }
}

function difference(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): ContextPatch {
  const patch: Record<string, string | null> = {};
  for (const key of Object.keys({ ...before, ...after })) {
    if (before[key] !== after[key]) {
      patch[key] = after[key] ?? null;
    }
  }
  return patch;
}
