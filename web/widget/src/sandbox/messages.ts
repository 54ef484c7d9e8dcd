/** What the widget and the bridge in the sandbox say to each other, through one port. */

import {
  CUSTOM_NAME_PATTERN,
  EVENT_NAMES,
  type Json,
  MAX_CUSTOM_DATA_BYTES,
} from "@bellpush/protocol";
import { wellFormedJson } from "../text.ts";

/** The sandbox's first message to the widget's window: its bridge is there. */
export const READY_MESSAGE = "bellpush-ready";
/** The first message to the sandbox; the port comes with it. */
export const PORT_MESSAGE = "bellpush-port";
/** Through the port: whether the code still gets to run, and its answer. */
export const PING_MESSAGE = "ping";
export const PONG_MESSAGE = "pong";

export interface Emit {
  readonly name: string;
  readonly data: { readonly [key: string]: Json };
}

export type ReadEmit =
  | { readonly ok: true; readonly emit: Emit }
  | { readonly ok: false; readonly reason: string };

/** Name, quotes and brackets around the data. */
const FRAME_BYTES = 256;

/**
 * Reads what came through the port. Custom code may have got hold of the port, so that anything
 * can come: only a short text is looked into at all.
 */
export function readEmit(message: unknown): ReadEmit {
  if (typeof message !== "string" || message.length > MAX_CUSTOM_DATA_BYTES + FRAME_BYTES) {
    return refuse("its data is larger than 8 KiB");
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(message);
  } catch {
    return refuse("it is not JSON");
  }
  if (!isObject(parsed)) {
    return refuse("it is not JSON");
  }
  const { name, data } = parsed;
  if (typeof name !== "string" || !new RegExp(CUSTOM_NAME_PATTERN).test(name)) {
    return refuse("a name is a small letter, then up to 63 small letters, digits or underscores");
  }
  if (EVENT_NAMES.some((known) => known === name)) {
    return refuse("the name belongs to the catalogue");
  }
  if (!isObject(data)) {
    return refuse("its data is not an object");
  }
  if ("context" in data || "isPreview" in data) {
    return refuse("its data has a field that the widget adds (context, isPreview)");
  }
  const sent = wellFormedJson(data) as Emit["data"];
  if (new TextEncoder().encode(JSON.stringify(sent)).length > MAX_CUSTOM_DATA_BYTES) {
    return refuse("its data is larger than 8 KiB");
  }
  return { ok: true, emit: { name, data: sent } };
}

function refuse(reason: string): ReadEmit {
  return { ok: false, reason };
}

function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Lets through `rate` a second, and `burst` at once. */
export function createBucket(rate: number, burst: number, now: () => number): () => boolean {
  let tokens = burst;
  let last = now();
  return () => {
    const at = now();
    tokens = Math.min(burst, tokens + (Math.max(0, at - last) / 1000) * rate);
    last = at;
    if (tokens < 1) {
      return false;
    }
    tokens -= 1;
    return true;
  };
}
