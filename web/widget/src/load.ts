import type { ErrorReason } from "./errors.ts";

/** Says what the embedding page's developer can do; nothing depends on it. */
export function advise(reason: ErrorReason, warn: (sentence: string) => void): void {
  import("./advice.ts").then((part) => part.advise(reason, warn)).catch(() => undefined);
}

/**
 * Loads a part of the widget. What could not be loaded once, some browsers never ask for again by its
 * address (HTML's module map): it is asked for by another one then.
 */
export function loadPart<T>(load: () => Promise<T>): Promise<T> {
  return load().catch((error: unknown) => {
    // Only the browser knows the address, and tells it in the error's sentence.
    const [address] = /https?:\S+/.exec(String(error)) ?? [];
    if (address === undefined) {
      throw error;
    }
    return import(/* @vite-ignore */ `${address}?${Date.now()}`);
  });
}

/** Nothing is asked for in vain while this document goes away. */
let isGone = false;

/**
 * Loads what no call can be made without, while there is none. A server that has not even the file that this
 * stands in has another version by now: its document takes the place of ours.
 */
export async function loadNeeded<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await loadPart(load);
  } catch (error) {
    const answer = await fetch(import.meta.url, { cache: "no-store" }).catch(() => null);
    isGone ||= answer?.status === 404;
    if (!isGone) {
      throw error;
    }
    location.reload();
    return new Promise(() => undefined);
  }
}
