/**
 * Follows a call's messages from the server to its terminal event: by a stream where that works,
 * by polling where something between holds it back. Each message is passed on once, in order.
 *
 * A stream can be held back from its first byte or in the middle. Whoever knows more than it has
 * told (`nudge`), or its silence, has the server asked; if that answer is ahead of the stream, the
 * stream is given up.
 */

import { type CallMessage, type CallMessagePage, PHASES } from "@bellpush/protocol";
import { type Failure, request } from "../errors.ts";
import { authorized, type Session } from "../session.ts";
import { isAway, within } from "./answers.ts";
import { createSseParser, type SseMessage } from "./sse.ts";

/** call_started is due at once. */
const FIRST_MESSAGE_MS = 2000;
/** The server sends something every 5 s, if only a comment. */
const SILENCE_MS = 12_000;
/** How much later than an answer the same message may come by the stream. */
const SLACK_MS = 1000;
const POLL_MS = 1000;
/** A request without an answer for so long has none. */
const POLL_TIMEOUT_MS = 5000;
const LONGEST_PAUSE_MS = 5000;

export interface FollowPorts {
  readonly session: Session;
  readonly fetch: typeof globalThis.fetch;
  readonly later: (ms: number, run: () => void) => void;
  readonly onMessage: (message: CallMessage) => void;
  /** The stream broke, or there was nobody at the address who has the call. */
  readonly onBroken: () => void;
}

export interface Following {
  /** Asks at once: something has happened that the stream may not have told. */
  nudge(): void;
  /** Whether somebody who has the call answers within this time. */
  ask(ms: number): Promise<boolean>;
  stop(): void;
}

/** `quiet`: there is an answer, with no news; `nothing`: none of use; `away`: nobody there has the call. */
type Outcome = "done" | "progress" | "quiet" | "nothing" | "away" | "gone";

/** `address`: where the call is, as its `Location` says. */
export function followCall(address: string, ports: FollowPorts): Following {
  let lastId = 0;
  /** The last message that came by the stream. */
  let streamed = 0;
  let ended = false;
  let stopped = false;
  let polling = false;
  let asking = false;
  /** Names the latest sign of life of the stream. */
  let pulse = 0;
  let attempt = new AbortController();

  function take(message: CallMessage): void {
    if (stopped || message.id <= lastId) {
      return;
    }
    lastId = message.id;
    ended ||= isTerminal(message);
    ports.onMessage(message);
    if (ended) {
      attempt.abort();
    }
  }

  function get(query: string, headers: Record<string, string>, signal: AbortSignal) {
    return authorized(ports.session, (authorization) =>
      request(ports.fetch, `${address}/events${query}`, {
        headers: { ...headers, ...authorization },
        signal,
      }),
    );
  }

  /** Expects something of the stream within this time, and asks the server otherwise. */
  function watch(controller: AbortController, ms: number): void {
    pulse += 1;
    const own = pulse;
    ports.later(ms, () => {
      if (own === pulse && !ended && !stopped && !polling && attempt === controller) {
        void ask().then((outcome) => {
          if (own !== pulse || outcome === "done") {
            return;
          }
          if (outcome === "away") {
            ports.onBroken();
          }
          // The server answers and the stream is dead or held back; or neither speaks.
          polling ||= outcome === "progress" || outcome === "quiet";
          controller.abort();
        });
      }
    });
  }

  async function stream(controller: AbortController): Promise<Outcome> {
    const before = lastId;
    const resume: Record<string, string> = lastId > 0 ? { "last-event-id": String(lastId) } : {};
    watch(controller, lastId === 0 ? FIRST_MESSAGE_MS : SILENCE_MS);
    const result = await get("", { accept: "text/event-stream", ...resume }, controller.signal);
    if (!result.ok) {
      return outcomeOf(result.failure);
    }
    const feed = createSseParser((message) => {
      const read = readMessage(message);
      if (read !== null) {
        streamed = Math.max(streamed, read.id);
        take(read);
      }
    });
    try {
      const reader = result.value.body?.getReader();
      const decoder = new TextDecoder();
      const givenUp = new Promise<undefined>((resolve) =>
        controller.signal.addEventListener("abort", () => resolve(undefined), { once: true }),
      );
      for (;;) {
        const piece = await Promise.race([reader?.read(), givenUp]);
        if (piece === undefined || piece.done) {
          break;
        }
        feed(decoder.decode(piece.value, { stream: true }));
        if (ended) {
          break;
        }
        watch(controller, lastId === 0 ? FIRST_MESSAGE_MS : SILENCE_MS);
      }
    } catch {
      // The connection broke, or was given up: what counts is how far it came.
      broken(controller.signal);
    }
    return ended ? "done" : lastId > before ? "progress" : "nothing";
  }

  function broken({ aborted }: AbortSignal): void {
    if (!aborted) {
      ports.onBroken();
    }
  }

  async function poll(ms = POLL_TIMEOUT_MS): Promise<Outcome> {
    const before = lastId;
    const accept = { accept: "application/json" };
    const result = await get(`?after=${lastId}`, accept, within(ports.later, ms));
    if (!result.ok) {
      return outcomeOf(result.failure);
    }
    try {
      const page = (await result.value.json()) as CallMessagePage;
      page.messages.forEach(take);
      return ended || page.done ? "done" : lastId > before ? "progress" : "quiet";
    } catch {
      return "nothing";
    }
  }

  /** Asks beside the stream; one that is behind the answer is held back. */
  async function ask(): Promise<Outcome> {
    if (asking || ended || stopped) {
      return "nothing";
    }
    asking = true;
    const outcome = await poll();
    asking = false;
    if (outcome === "progress") {
      ports.later(SLACK_MS, () => {
        if (streamed < lastId && !polling && !ended) {
          polling = true;
          attempt.abort();
        }
      });
    }
    return outcome;
  }

  function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resume) => {
      signal.addEventListener("abort", () => resume(), { once: true });
      ports.later(ms, resume);
    });
  }

  async function follow(): Promise<void> {
    let mute = 0;
    while (!stopped && !ended) {
      attempt = new AbortController();
      const { signal } = attempt;
      const outcome = polling ? await poll() : await stream(attempt);
      if (outcome === "done" || outcome === "gone") {
        stopped = true;
        return;
      }
      if (outcome === "away") {
        broken(signal);
      }
      mute = outcome === "progress" ? 0 : mute + 1;
      if (!signal.aborted) {
        const backoff = Math.min(LONGEST_PAUSE_MS, 250 * 2 ** mute);
        await pause(polling ? POLL_MS : backoff, signal);
      }
    }
  }

  void follow();
  return {
    nudge: () => void ask(),
    ask: async (ms) => !["away", "gone"].includes(await poll(ms)),
    stop() {
      stopped = true;
      attempt.abort();
    },
  };
}

function outcomeOf(failure: Failure): Outcome {
  if (isAway(failure)) {
    return "away";
  }
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
    switch (event) {
      case "progress":
        return PHASES.includes(parsed.phase) ? { id: Number(id), type: event, data: parsed } : null;
      case "hold":
      case "notice":
      case "event":
      case "move":
        return { id: Number(id), type: event, data: parsed };
      default:
        return null;
    }
  } catch {
    return null;
  }
}
