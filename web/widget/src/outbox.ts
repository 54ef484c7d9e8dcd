/**
 * Sends events to the server until it has them, from memory, as long as the page lives.
 *
 * Each event goes out at once with `keepalive`, so that it survives a navigation. The server knows
 * repeated ids, so that sending twice does no harm.
 */

import type { Submission } from "@bellpush/protocol";
import { type Failure, type Result, request } from "./errors.ts";
import { authorized, type Session } from "./session.ts";

/** Browsers refuse a keepalive request beyond 64 KiB for all in flight; some room is left. */
export const KEEPALIVE_BUDGET = 60 * 1024;
/** Events in one request, at most: the server's limit. */
const MAX_BATCH = 20;
/** Bytes in one request: less than the budget, so that two can be in flight. */
const MAX_BATCH_BYTES = 30 * 1024;
/** Events that wait, at most. */
const MAX_WAITING = 200;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

export interface Outbox {
  add(submission: Submission): void;
  /** The page goes away: what waits for its next attempt goes out now. */
  flush(): void;
}

export interface OutboxPorts {
  readonly session: Session;
  readonly fetch: typeof globalThis.fetch;
  readonly later: (ms: number, run: () => void) => void;
  /** From 0 up to 1, for the jitter of the pauses. */
  readonly random: () => number;
  readonly warn: (sentence: string) => void;
  /** The version of the design that visitors have answered; null for what is not published. */
  readonly designVersion: () => number | null;
}

interface Waiting {
  readonly json: string;
  readonly bytes: number;
}

export function createOutbox(ports: OutboxPorts): Outbox {
  let waiting: Waiting[] = [];
  let failures = 0;
  let paused = false;
  let scheduled = false;
  let keepaliveBytes = 0;

  function add(submission: Submission): void {
    if (waiting.length >= MAX_WAITING) {
      ports.warn("An event was dropped: too many wait for the server.");
      return;
    }
    const json = JSON.stringify(submission);
    waiting.push({ json, bytes: byteLength(json) });
    if (!scheduled && !paused) {
      scheduled = true;
      // What happens together travels together.
      queueMicrotask(() => {
        scheduled = false;
        sendAll();
      });
    }
  }

  function sendAll(): void {
    while (waiting.length > 0) {
      const batch = takeBatch(waiting);
      waiting = waiting.slice(batch.length);
      void send(batch);
    }
  }

  async function send(batch: readonly Waiting[]): Promise<void> {
    const version = ports.designVersion();
    const design = version === null ? "" : `"designVersion":${version},`;
    const body = `{${design}"events":[${batch.map(({ json }) => json).join(",")}]}`;
    const bytes = byteLength(body);
    const result = await authorized(ports.session, (authorization) =>
      post(body, bytes, authorization),
    );
    if (result.ok) {
      failures = 0;
      return;
    }
    const { failure } = result;
    if (failure.passing) {
      waiting = [...batch, ...waiting];
      pause(failure);
      return;
    }
    const index = refusedOf(batch, failure);
    if (index === null && batch.length > 1 && failure.code !== "session_expired") {
      // Which one is at fault is not said: each is sent alone, so that it costs none of the others.
      for (const one of batch) {
        await send([one]);
      }
      return;
    }
    ports.warn(`The server refused an event: ${failure.detail}.`);
    const kept = batch.filter((_, at) => at !== index);
    if (index !== null && kept.length > 0) {
      void send(kept);
    }
  }

  async function post(
    body: string,
    bytes: number,
    authorization: Record<string, string>,
  ): Promise<Result<Response>> {
    const keepalive = keepaliveBytes + bytes <= KEEPALIVE_BUDGET;
    keepaliveBytes += keepalive ? bytes : 0;
    try {
      return await request(ports.fetch, "/v1/widget/events", {
        method: "POST",
        headers: { "content-type": "application/json", ...authorization },
        body,
        keepalive,
      });
    } finally {
      keepaliveBytes -= keepalive ? bytes : 0;
    }
  }

  function pause(failure: Failure): void {
    if (paused) {
      return;
    }
    paused = true;
    const backoff = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
    failures += 1;
    const jittered = backoff * (0.5 + ports.random() / 2);
    ports.later(Math.max(jittered, failure.waitMs ?? 0), () => {
      paused = false;
      sendAll();
    });
  }

  return { add, flush: sendAll };
}

function takeBatch(waiting: readonly Waiting[]): readonly Waiting[] {
  let bytes = 0;
  const end = waiting.findIndex((item, index) => {
    bytes += item.bytes + 1;
    return index > 0 && (index === MAX_BATCH || bytes > MAX_BATCH_BYTES);
  });
  return end === -1 ? waiting : waiting.slice(0, end);
}

/** A batch is refused as a whole; `pointer` (`/events/3/…`) names the one to leave out. */
function refusedOf(batch: readonly Waiting[], failure: Failure): number | null {
  const index = Number(/^\/events\/(\d+)(\/|$)/.exec(failure.pointer ?? "")?.[1] ?? Number.NaN);
  return index < batch.length ? index : null;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
