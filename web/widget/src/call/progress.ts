/**
 * Follows a call's messages from the server to its terminal event: by a stream where that works,
 * by polling where something between buffers it. Each message is passed on once, in order.
 */

import { type CallMessage, type CallMessagePage, PHASES } from "@bellpush/protocol";
import { type Failure, request } from "../errors.ts";
import { authorized, type Session } from "../session.ts";
import { createSseParser, type SseMessage } from "./sse.ts";

/** A stream that stays mute so long is held back by something on its way: call_started is due at once. */
const FIRST_MESSAGE_MS = 4000;
const STREAM_ATTEMPTS = 2;
const POLL_MS = 1000;
const LONGEST_PAUSE_MS = 5000;

export interface FollowPorts {
  readonly session: Session;
  readonly fetch: typeof globalThis.fetch;
  readonly later: (ms: number, run: () => void) => void;
  readonly onMessage: (message: CallMessage) => void;
}

export interface Following {
  /** Asks anew at once: the connection at hand may be dead without knowing it. */
  nudge(): void;
  stop(): void;
}

type Outcome = "done" | "progress" | "nothing" | "gone";

/** `address`: where the call is, as its `Location` says. */
export function followCall(address: string, ports: FollowPorts): Following {
  let lastId = 0;
  let ended = false;
  let stopped = false;
  let attempt = new AbortController();

  function take(message: CallMessage): void {
    if (stopped || message.id <= lastId) {
      return;
    }
    lastId = message.id;
    ended ||= isTerminal(message);
    ports.onMessage(message);
  }

  function get(query: string, headers: Record<string, string>, signal: AbortSignal) {
    return authorized(ports.session, (authorization) =>
      request(ports.fetch, `${address}/events${query}`, {
        headers: { ...headers, ...authorization },
        signal,
      }),
    );
  }

  async function stream(controller: AbortController): Promise<Outcome> {
    const before = lastId;
    const resume: Record<string, string> = lastId > 0 ? { "last-event-id": String(lastId) } : {};
    if (lastId === 0) {
      ports.later(FIRST_MESSAGE_MS, () => lastId === 0 && controller.abort());
    }
    const result = await get("", { accept: "text/event-stream", ...resume }, controller.signal);
    if (!result.ok) {
      return outcomeOf(result.failure);
    }
    const feed = createSseParser((message) => {
      const read = readMessage(message);
      if (read !== null) {
        take(read);
      }
    });
    try {
      const reader = result.value.body?.getReader();
      const decoder = new TextDecoder();
      for (;;) {
        const piece = await reader?.read();
        if (piece === undefined || piece.done) {
          break;
        }
        feed(decoder.decode(piece.value, { stream: true }));
        if (ended) {
          controller.abort();
          break;
        }
      }
    } catch {
      // The connection broke, or was given up: what counts is how far it came.
    }
    return ended ? "done" : lastId > before ? "progress" : "nothing";
  }

  async function poll(controller: AbortController): Promise<Outcome> {
    const before = lastId;
    const result = await get(`?after=${lastId}`, { accept: "application/json" }, controller.signal);
    if (!result.ok) {
      return outcomeOf(result.failure);
    }
    try {
      const page = (await result.value.json()) as CallMessagePage;
      page.messages.forEach(take);
      return ended || page.done ? "done" : lastId > before ? "progress" : "nothing";
    } catch {
      return "nothing";
    }
  }

  function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resume) => {
      signal.addEventListener("abort", () => resume(), { once: true });
      ports.later(ms, resume);
    });
  }

  async function follow(): Promise<void> {
    let mute = 0;
    let polling = false;
    while (!stopped) {
      attempt = new AbortController();
      polling ||= mute >= STREAM_ATTEMPTS && lastId === 0;
      const outcome = polling ? await poll(attempt) : await stream(attempt);
      if (outcome === "done" || outcome === "gone") {
        return;
      }
      mute = outcome === "progress" ? 0 : mute + 1;
      if (!attempt.signal.aborted) {
        const backoff = Math.min(LONGEST_PAUSE_MS, 250 * 2 ** mute);
        await pause(polling ? POLL_MS : backoff, attempt.signal);
      }
    }
  }

  void follow();
  return {
    nudge: () => attempt.abort(),
    stop() {
      stopped = true;
      attempt.abort();
    },
  };
}

function outcomeOf(failure: Failure): Outcome {
  return failure.passing || failure.status === 401 ? "nothing" : "gone";
}

function isTerminal(message: CallMessage): boolean {
  return (
    message.type === "event" &&
    (message.data.event.name === "call_ended" || message.data.event.name === "call_error")
  );
}

/** A message of the stream; null for what a newer server may have added. */
export function readMessage({ id, event, data }: SseMessage): CallMessage | null {
  try {
    const parsed = JSON.parse(data);
    if (event === "progress" && PHASES.includes(parsed.phase)) {
      return { id: Number(id), type: "progress", data: parsed };
    }
    return event === "event" ? { id: Number(id), type: "event", data: parsed } : null;
  } catch {
    return null;
  }
}
