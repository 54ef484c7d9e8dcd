/**
 * `window.c2c` for custom code, in a frame without an origin. Built as a classic script of its own
 * that runs before the app's HTML.
 */

import type { Context, Envelope, IdentifiedEvent, Json } from "@bellpush/protocol";
import { PING_MESSAGE, PONG_MESSAGE, PORT_MESSAGE, READY_MESSAGE } from "./messages.ts";

/** What a handler gets: the envelope, its id, and the context at hand. Frozen to its depth. */
export interface CodeEvent extends Envelope {
  readonly id: string;
  readonly context: Context;
}

export type Handler = (event: CodeEvent) => void;

export interface Bridge {
  /** Calls `handler` at each event of this name, or at every one with `"*"`. */
  on(name: string, handler: Handler): () => void;
  off(name: string, handler: Handler): void;
  /** Calls `handler` at the next such event alone. */
  once(name: string, handler: Handler): () => void;
  /** Sends a custom event to the page and to the integrations that selected it. */
  emit(name: string, data?: { readonly [key: string]: Json }): void;
}

interface Entry {
  readonly name: string;
  readonly handler: Handler;
  readonly once: boolean;
}

export interface BridgePorts {
  readonly send: (message: string) => void;
  /** Reports what a handler threw, where a developer looks for it. */
  readonly report: (error: unknown) => void;
  readonly soon: (run: () => void) => void;
}

export function createBridge(ports: BridgePorts): {
  readonly bridge: Bridge;
  readonly receive: (event: IdentifiedEvent) => void;
} {
  const entries = new Set<Entry>();
  // A handler that comes too late for it still learns that the widget is there.
  let loaded: CodeEvent | null = null;

  function call(entry: Entry, event: CodeEvent): void {
    if (!entries.has(entry)) {
      return;
    }
    if (entry.once) {
      entries.delete(entry);
    }
    try {
      entry.handler(event);
    } catch (error) {
      ports.report(error);
    }
  }

  function add(name: string, handler: Handler, once: boolean): () => void {
    if (typeof handler !== "function") {
      throw new TypeError("c2c: the handler is not a function");
    }
    const entry: Entry = { name: String(name), handler, once };
    entries.add(entry);
    const missed = loaded;
    if (missed !== null && hears(entry, missed)) {
      ports.soon(() => call(entry, missed));
    }
    return () => {
      entries.delete(entry);
    };
  }

  function receive({ id, event }: IdentifiedEvent): void {
    const { name, data, timestamp } = event;
    const seen: CodeEvent = deepFreeze({ name, data, timestamp, id, context: data.context });
    // Handlers that are added or taken away meanwhile do not disturb the round.
    const round = [...entries].filter((entry) => hears(entry, seen));
    if (name === "widget_loaded") {
      loaded = seen;
    }
    for (const entry of round) {
      call(entry, seen);
    }
  }

  const bridge: Bridge = {
    on: (name, handler) => add(name, handler, false),
    once: (name, handler) => add(name, handler, true),
    off(name, handler) {
      for (const entry of entries) {
        if (entry.name === name && entry.handler === handler) {
          entries.delete(entry);
        }
      }
    },
    emit: (name, data = {}) => ports.send(JSON.stringify({ name, data })),
  };
  return { bridge: Object.freeze(bridge), receive };
}

function hears(entry: Entry, event: CodeEvent): boolean {
  return entry.name === "*" || entry.name === event.name;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

/** Puts the bridge into the sandbox's window and waits for the widget's port. */
export function install(own: Window): void {
  let port: MessagePort | null = null;
  const early: string[] = [];
  const { bridge, receive } = createBridge({
    send: (message) => (port === null ? early.push(message) : port.postMessage(message)),
    report: (error) => own.reportError(error),
    soon: (run) => own.queueMicrotask(run),
  });
  own.addEventListener("message", function adopt(message) {
    const given = message.ports[0];
    if (message.source !== own.parent || message.data !== PORT_MESSAGE || given === undefined) {
      return;
    }
    own.removeEventListener("message", adopt);
    // The port is the bridge's alone, not for listeners of the custom code.
    message.stopImmediatePropagation();
    port = given;
    port.onmessage = ({ data }: MessageEvent<IdentifiedEvent | typeof PING_MESSAGE>) => {
      if (data === PING_MESSAGE) {
        given.postMessage(PONG_MESSAGE);
      } else {
        receive(data);
      }
    };
    for (const waiting of early.splice(0)) {
      port.postMessage(waiting);
    }
  });
  // Before any custom code runs, so that code which never gives way is noticed. It says nothing
  // that anybody may not hear.
  own.parent.postMessage(READY_MESSAGE, "*");
  Object.defineProperty(own, "c2c", { value: bridge, enumerable: true });
}
