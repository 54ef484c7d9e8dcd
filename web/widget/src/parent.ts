/** The embedding page: who it is, what it is told, and what it may ask for. */

import {
  COMMANDS,
  type Command,
  type IdentifiedEvent,
  type WidgetMessage,
} from "@bellpush/protocol";

export interface Surroundings {
  /** `location.ancestorOrigins`, where the browser has it: nearest first. */
  readonly ancestors: readonly string[];
  readonly referrer: string;
  /** The widget's own address. */
  readonly address: string;
}

/**
 * The origin of the page around the widget, if it may embed it.
 *
 * A false claim gains nothing: the browser delivers a message to that origin alone.
 */
export function embeddingOrigin(
  surroundings: Surroundings,
  allowed: readonly string[],
): string | null {
  const nearest = surroundings.ancestors[0];
  if (nearest !== undefined) {
    return allowed.includes(nearest) ? nearest : null;
  }
  const claimed = new URL(surroundings.address).searchParams.get("origin");
  const candidates = [originOf(surroundings.referrer), claimed];
  return candidates.find((origin) => origin !== null && allowed.includes(origin)) ?? null;
}

function originOf(address: string): string | null {
  try {
    return new URL(address).origin;
  } catch {
    return null;
  }
}

export interface Parent {
  tell(event: IdentifiedEvent): void;
}

/** Speaks with the embedding page, and with no other window. */
export function connectParent(
  own: Window,
  origin: string,
  obey: (command: Command) => void,
): Parent {
  own.addEventListener("message", (message) => {
    if (message.source === own.parent && message.origin === origin) {
      const command = readCommand(message.data);
      if (command !== null) {
        obey(command);
      }
    }
  });
  return {
    tell({ id, event }) {
      const message: WidgetMessage = { source: "bellpush", version: 1, id, event };
      own.parent.postMessage(message, origin);
    },
  };
}

/** A command out of whatever the page has sent; null when it is none of ours. */
export function readCommand(data: unknown): Command | null {
  if (typeof data !== "object" || data === null) {
    return null;
  }
  const { source, version, command } = data as Record<string, unknown>;
  if (source !== "bellpush" || version !== 1) {
    return null;
  }
  return COMMANDS.find((known) => known === command) ?? null;
}
