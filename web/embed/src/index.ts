/**
 * Puts the call widget into a page: `Bellpush.mount(element, options)` within the element,
 * `Bellpush.mount(null, options)` as a floating button with a panel.
 *
 * Whatever goes wrong is said in the console; nothing is ever thrown into the page.
 */

import type { CatalogueEnvelope, Envelope, EventName, WidgetMessage } from "@bellpush/protocol";
import { createFrame, type Frame } from "./frame.ts";
import { addressOf, type MountOptions } from "./options.ts";
import { createPanel, type Panel } from "./panel.ts";

export type { MountOptions } from "./options.ts";

/** An event with its identity: the id is the same as at the integrations. */
export type BellpushEvent<E = Envelope> = E & { readonly id: string };
export type EventOf<N extends string> = N extends EventName
  ? BellpushEvent<Extract<CatalogueEnvelope, { name: N }>>
  : BellpushEvent;
export type Handler<N extends string = string> = (event: EventOf<N>) => void;

export interface Handle {
  /** Calls `handler` at each event of this name, or at every one with `"*"`; returns how to stop it. */
  on<N extends string>(name: N, handler: Handler<N>): () => void;
  off<N extends string>(name: N, handler: Handler<N>): void;
  /** Opens the panel of a floating button. */
  open(): void;
  close(): void;
  /** Starts a call; best within a tap, since browsers ask for the microphone. */
  call(): void;
  hangup(): void;
  /** Takes the widget out of the page; a live call ends. */
  destroy(): void;
}

interface Entry {
  readonly name: string;
  readonly handler: Handler;
}

export function mount(element: Element | null, options: MountOptions): Handle {
  const entries = new Set<Entry>();
  let frame: Frame | null = null;
  let panel: Panel | null = null;
  let opened = false;
  let destroyed = false;

  function tell({ id, event }: WidgetMessage): void {
    const seen: BellpushEvent = { ...event, id };
    for (const { name, handler } of [...entries]) {
      if (name === "*" || name === event.name) {
        guard(() => handler(seen));
      }
    }
  }

  /** Loads the widget, at the latest when it is needed. */
  function load(): void {
    if (frame !== null || destroyed) {
      return;
    }
    const place = element ?? panel?.place;
    if (place !== undefined && options.host !== undefined) {
      frame = createFrame(addressOf(options, options.host, location.origin), tell);
      if (element !== null) {
        frame.element.style.cssText =
          "display:block;inline-size:100%;block-size:100%;min-block-size:520px;border:0";
      }
      place.append(frame.element);
    }
  }

  function show(open: boolean): void {
    if (panel === null || open === opened) {
      return;
    }
    opened = open;
    panel.show(open);
    frame?.command(open ? "open" : "close");
  }

  function attach(): void {
    if (destroyed) {
      return;
    }
    if (element === null) {
      panel = createPanel({
        theme: options.theme ?? "auto",
        onInterest: () => guard(load),
        onToggle: () => guard(() => (opened ? show(false) : open())),
      });
    } else {
      load();
    }
  }

  function open(): void {
    load();
    show(true);
  }

  const missing = (["app", "key", "host"] as const).find((name) => !options?.[name]);
  if (missing === undefined) {
    whenReady(attach);
  } else {
    destroyed = true;
    complain(`mount needs the option "${missing}"`);
  }

  const remove = (name: string, handler: unknown) => {
    for (const entry of entries) {
      if (entry.name === name && entry.handler === handler) {
        entries.delete(entry);
      }
    }
  };
  return {
    on(name, handler) {
      entries.add({ name, handler: handler as unknown as Handler });
      return () => remove(name, handler);
    },
    off: remove,
    open: () => guard(() => whenReady(open)),
    close: () => guard(() => show(false)),
    call: () =>
      guard(() =>
        whenReady(() => {
          open();
          frame?.command("call");
        }),
      ),
    hangup: () => guard(() => frame?.command("hangup")),
    destroy() {
      destroyed = true;
      guard(() => {
        frame?.destroy();
        panel?.destroy();
      });
      entries.clear();
    },
  };
}

/** Runs with a body to put things into: now, or once the document is read. */
export function whenReady(run: () => void): void {
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", () => guard(run), { once: true });
  } else {
    guard(run);
  }
}

/** The page must not suffer from us, nor one handler from another. */
export function guard(run: () => void): void {
  try {
    run();
  } catch (error) {
    console.error("Bellpush:", error);
  }
}

export function complain(sentence: string): void {
  console.error(`Bellpush: ${sentence}.`);
}
