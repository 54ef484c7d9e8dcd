/**
 * The widget's side of custom code: a frame without an origin, and the one port into it.
 *
 * Nothing but events goes in, and nothing but checked custom events comes out. Code that floods, or
 * answers nothing any more, is taken away with its frame: the call goes on.
 */

import type { IdentifiedEvent } from "@bellpush/protocol";
import { createHeartbeat, PING_EVERY_MS } from "./heartbeat.ts";
import {
  createBucket,
  type Emit,
  PING_MESSAGE,
  PONG_MESSAGE,
  PORT_MESSAGE,
  READY_MESSAGE,
  readEmit,
} from "./messages.ts";

const EMITS_PER_SECOND = 10;
const EMIT_BURST = 20;
/** Refused messages after which the code is taken away: it would eat up the call's time. */
const PATIENCE = 500;

export interface Sandbox {
  tell(event: IdentifiedEvent): void;
}

export interface SandboxPorts {
  /** The address of the code's document. */
  readonly source: string;
  readonly onEmit: (emit: Emit) => void;
  readonly now: () => number;
  readonly warn: (sentence: string) => void;
}

export function createSandbox(own: Window, ports: SandboxPorts): Sandbox {
  const { warn, now } = ports;
  const { port1: port, port2: theirs } = new MessageChannel();
  const frame = own.document.createElement("iframe");
  const heartbeat = createHeartbeat(now);
  let timer = 0;
  let isReady = false;

  function remove(why: string): void {
    own.clearInterval(timer);
    own.removeEventListener("message", hearWindow);
    port.close();
    frame.remove();
    warn(`The custom code was taken away: ${why}.`);
  }

  const { hear, refuse } = listen({ ...ports, remove, answered: heartbeat.answered });
  port.onmessage = hear;

  function beat(): void {
    switch (heartbeat.beat()) {
      case "ask":
        port.postMessage(PING_MESSAGE);
        break;
      case "give_up":
        remove("it has not answered for two seconds");
        break;
      case "wait":
        break;
    }
  }

  function hearWindow({ source, data }: MessageEvent): void {
    if (frame.contentWindow === null || source !== frame.contentWindow) {
      return;
    }
    // A document that the code put in its own place gets no port.
    if (isReady || data !== READY_MESSAGE) {
      refuse("it does not come by c2c.emit");
      return;
    }
    isReady = true;
    // The frame has no origin that could be named here, and CSP's frame-src keeps it from going
    // elsewhere. Events sent before wait in the port.
    frame.contentWindow.postMessage(PORT_MESSAGE, "*", [theirs]);
    timer = own.setInterval(beat, PING_EVERY_MS);
  }

  own.addEventListener("message", hearWindow);
  frame.setAttribute("sandbox", "allow-scripts");
  frame.referrerPolicy = "no-referrer";
  frame.className = "bp-sandbox";
  frame.title = "Custom code";
  frame.ariaHidden = "true";
  frame.tabIndex = -1;
  frame.src = ports.source;
  afterLoad(own, () => own.document.body.append(frame));
  return { tell: (event) => port.postMessage(event) };
}

/** A frame that is there before its page's `load` holds it back, and that of the page around it. */
function afterLoad(own: Window, run: () => void): void {
  if (own.document.readyState === "complete") {
    run();
  } else {
    own.addEventListener("load", run, { once: true });
  }
}

export interface ListenPorts extends Omit<SandboxPorts, "source"> {
  readonly answered: () => void;
  readonly remove: (why: string) => void;
}

/** Takes what comes from the code, up to the rate, and gives up on code that floods. */
export function listen({ onEmit, now, warn, answered, remove }: ListenPorts): {
  readonly hear: (message: { readonly data: unknown }) => void;
  readonly refuse: (reason: string) => void;
} {
  const allow = createBucket(EMITS_PER_SECOND, EMIT_BURST, now);
  const allowPong = createBucket(EMITS_PER_SECOND, EMIT_BURST, now);
  let refused = 0;

  function refuse(reason: string): void {
    refused += 1;
    if (refused <= EMIT_BURST) {
      warn(`An event of the custom code was refused: ${reason}.`);
    }
    if (refused === PATIENCE) {
      remove("it sent too much that had to be refused");
    }
  }

  function hear({ data }: { readonly data: unknown }): void {
    if (data === PONG_MESSAGE && allowPong()) {
      answered();
      return;
    }
    const read: ReturnType<typeof readEmit> = allow()
      ? readEmit(data)
      : { ok: false, reason: `it emits more than ${EMITS_PER_SECOND} events a second` };
    if (read.ok) {
      onEmit(read.emit);
    } else {
      refuse(read.reason);
    }
  }
  return { hear, refuse };
}
