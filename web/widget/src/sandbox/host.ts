/**
 * The widget's side of custom code: a frame without an origin, and the one port into it.
 *
 * Nothing but events goes in, and nothing but checked custom events comes out.
 */

import type { IdentifiedEvent } from "@bellpush/protocol";
import { createBucket, type Emit, PORT_MESSAGE, readEmit } from "./messages.ts";

const EMITS_PER_SECOND = 10;
const EMIT_BURST = 20;
/** Refused messages after which the code is not listened to any more: it would eat up the call's time. */
const PATIENCE = 500;

export interface Sandbox {
  tell(event: IdentifiedEvent): void;
}

export interface SandboxPorts {
  readonly source: string;
  readonly onEmit: (emit: Emit) => void;
  readonly now: () => number;
  readonly warn: (sentence: string) => void;
}

export function createSandbox(document: Document, ports: SandboxPorts): Sandbox {
  const { port1: port, port2: theirs } = new MessageChannel();
  port.onmessage = listen(port, ports);

  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.className = "bp-sandbox";
  frame.title = "Custom code";
  frame.ariaHidden = "true";
  frame.tabIndex = -1;
  frame.src = ports.source;
  // Events sent before the load wait in the port. The frame has no origin that could be named
  // here, and CSP's frame-src keeps it from going elsewhere; a second load gets no port.
  frame.addEventListener(
    "load",
    () => frame.contentWindow?.postMessage(PORT_MESSAGE, "*", [theirs]),
    { once: true },
  );
  document.body.append(frame);
  return { tell: (event) => port.postMessage(event) };
}

/** Takes what comes through the port, up to the rate, and gives up on code that floods. */
export function listen(
  port: Pick<MessagePort, "close">,
  { onEmit, now, warn }: Omit<SandboxPorts, "source">,
): (message: { readonly data: unknown }) => void {
  const allow = createBucket(EMITS_PER_SECOND, EMIT_BURST, now);
  let refused = 0;
  return ({ data }) => {
    const read: ReturnType<typeof readEmit> = allow()
      ? readEmit(data)
      : { ok: false, reason: "it emits more than 10 events a second" };
    if (read.ok) {
      onEmit(read.emit);
      return;
    }
    refused += 1;
    if (refused <= EMIT_BURST) {
      warn(`An event of the custom code was refused: ${read.reason}.`);
    }
    if (refused === PATIENCE) {
      port.close();
      warn("The custom code was cut off: it sent too much that had to be refused.");
    }
  };
}
