/**
 * Follows the live stream of an app: goes on after a break where it was, begins anew where that is not
 * known any more, and reads from the list what came in between.
 */

import { type EventSourceMessage, EventSourceParserStream } from "eventsource-parser/stream";

import { client } from "../../api/client.ts";
import type { EventView, LiveSnapshot } from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { type Feed, type Message, NOTHING, type Progress, take } from "./feed.ts";

export interface Filter {
  readonly name?: string;
  /** As `key:value`. */
  readonly context?: string;
  readonly callId?: string;
}

export type Connection =
  | { readonly kind: "starting" }
  | { readonly kind: "live" }
  /** It broke off, and is tried again by itself. */
  | { readonly kind: "lost"; readonly since: number }
  /** Trying again is of no use before something is done about it. */
  | { readonly kind: "stopped"; readonly why: string };

export interface Followed {
  readonly connection: Connection;
  readonly feed: Feed;
}

/** The server shows every 10 s that it is there. */
const SILENCE_MS = 25_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** What comes within so short a time is shown at once. */
const TELL_EVERY_MS = 100;
/** How often calls are asked for that the stream has only named. */
const ASK_EVERY_MS = 500;
const PAGE = 100;
/** Pages that are read to catch up after a break; what is older is in the lists. */
const MOST_PAGES = 5;

export class Follower {
  private followed: Followed = { connection: { kind: "starting" }, feed: NOTHING };
  private readonly listeners = new Set<() => void>();
  private cursor: string | undefined;
  private isReplaced = false;
  private running: AbortController | null = null;
  private told: ReturnType<typeof setTimeout> | null = null;
  private asked: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly appId: string,
    private readonly filter: Filter,
  ) {}

  readonly get = (): Followed => this.followed;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Begins, or goes on where it was. */
  readonly start = (): void => {
    this.stop();
    this.running = new AbortController();
    this.isReplaced = false;
    void this.run(this.running.signal);
  };

  readonly stop = (): void => {
    this.running?.abort();
    this.running = null;
    for (const timer of [this.told, this.asked]) if (timer !== null) clearTimeout(timer);
    this.told = null;
    this.asked = null;
  };

  private async run(signal: AbortSignal): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        await this.read(signal, () => {
          pause = FIRST_PAUSE_MS;
        });
      } catch (caught) {
        const { status, message } = asProblem(caught);
        // Answers that are no better the second time.
        if (!signal.aborted && status >= 400 && status < 500 && status !== 429) {
          return this.say({ kind: "stopped", why: message });
        }
      }
      if (signal.aborted) return;
      // A newer one has its place: it is not taken back before somebody says so.
      if (this.isReplaced) return this.say({ kind: "stopped", why: t.live.replaced });
      if (this.followed.connection.kind !== "lost") this.say({ kind: "lost", since: Date.now() });
      await wait(pause, signal);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }

  /** Reads one stream to its end. */
  private async read(signal: AbortSignal, onLife: () => void): Promise<void> {
    const broken = new AbortController();
    const end = () => broken.abort();
    signal.addEventListener("abort", end);
    addEventListener("offline", end);
    let silence = setTimeout(end, SILENCE_MS);
    try {
      const { data } = await client.GET("/v1/apps/{appId}/live", {
        params: { path: { appId: this.appId }, query: { ...this.filter, after: this.cursor } },
        parseAs: "stream",
        signal: broken.signal,
      });
      if (data == null) return;
      const messages = data
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream())
        .getReader();
      while (true) {
        const { done, value } = await messages.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(end, SILENCE_MS);
        onLife();
        await this.heard(value, broken.signal);
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", end);
      removeEventListener("offline", end);
      broken.abort();
    }
  }

  private async heard({ event, id, data }: EventSourceMessage, signal: AbortSignal): Promise<void> {
    switch (event) {
      case "snapshot":
        this.take({ kind: "snapshot", snapshot: JSON.parse(data) as LiveSnapshot });
        await this.catchUp(signal);
        break;
      case "event":
        this.take({ kind: "event", event: JSON.parse(data) as EventView });
        break;
      case "call":
        this.take({ kind: "call", progress: JSON.parse(data) as Progress });
        break;
      case "end":
        this.isReplaced = (JSON.parse(data) as { reason?: string }).reason === "replaced";
        return;
      case "resync":
        // A snapshot comes after it.
        return;
    }
    if (id !== undefined) this.cursor = id;
    if (this.followed.connection.kind !== "live") this.say({ kind: "live" });
  }

  /** Reads the newest events, back to those that are known. */
  private async catchUp(signal: AbortSignal): Promise<void> {
    const known = new Set(this.followed.feed.events.map((event) => event.id));
    const events: EventView[] = [];
    let after: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const { data } = await client
        .GET("/v1/apps/{appId}/events", {
          params: { path: { appId: this.appId }, query: { ...this.filter, limit: PAGE, after } },
          signal,
        })
        .catch((caught) => {
          // Who may read calls may not read events for that.
          if (asProblem(caught).status === 403) return { data: undefined };
          throw caught;
        });
      const items = data?.items ?? [];
      events.push(...items);
      const reachesKnown = items.some((event) => known.has(event.id));
      if (known.size === 0 || reachesKnown || data?.next == null) break;
      after = data.next;
    }
    this.take({ kind: "listed", events });
  }

  private take(message: Message): void {
    const feed = take(this.followed.feed, message);
    this.followed = { ...this.followed, feed };
    if (feed.isCallMissing) this.askForCalls();
    this.told ??= setTimeout(() => {
      this.told = null;
      this.tell();
    }, TELL_EVERY_MS);
  }

  /** Asks for the calls that the stream has only named, once for several. */
  private askForCalls(): void {
    const signal = this.running?.signal;
    if (signal === undefined) return;
    const { context, callId } = this.filter;
    this.asked ??= setTimeout(async () => {
      const { data } = await client
        .GET("/v1/apps/{appId}/live", {
          params: { path: { appId: this.appId }, query: { context, callId } },
          headers: { accept: "application/json" },
          signal,
        })
        .catch(() => ({ data: undefined }));
      this.asked = null;
      if (signal.aborted || typeof data !== "object" || !("calls" in data)) return;
      this.take({ kind: "calls", calls: data.calls });
    }, ASK_EVERY_MS);
  }

  private say(connection: Connection): void {
    this.followed = { ...this.followed, connection };
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** Waits, but not when the connection is back, or nobody wants it any more. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      removeEventListener("online", over);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    addEventListener("online", over);
    signal.addEventListener("abort", over);
  });
}
