/** What is known of an app right now, and how each message of its stream changes that. */

import type { EventView, LiveCallView, LiveSnapshot } from "../../api/generated/schema.ts";

/** How a call stands that goes on. */
export interface Progress {
  readonly callId: string;
  readonly phase: string;
  readonly held: boolean;
}

export type Message =
  | { readonly kind: "snapshot"; readonly snapshot: LiveSnapshot }
  | { readonly kind: "event"; readonly event: EventView }
  | { readonly kind: "call"; readonly progress: Progress }
  /** The calls, as they were asked for beside the stream. */
  | { readonly kind: "calls"; readonly calls: readonly LiveCallView[] }
  /** The newest events, as the list has them. */
  | { readonly kind: "listed"; readonly events: readonly EventView[] };

export interface Feed {
  /** The calls under way, newest first. */
  readonly calls: readonly LiveCallView[];
  /** Newest first. */
  readonly events: readonly EventView[];
  /** So many of the events came by the stream since it began anew. */
  readonly streamed: number;
  /** Calls that have ended since: an answer that was on its way may still name them. */
  readonly over: ReadonlySet<string>;
  /** How calls stand, as the stream has said. */
  readonly stages: ReadonlyMap<string, Progress>;
  /** Whether something was said of a call that is not known. */
  readonly isCallMissing: boolean;
}

export const NOTHING: Feed = {
  calls: [],
  events: [],
  streamed: 0,
  over: new Set(),
  stages: new Map(),
  isCallMissing: false,
};

/** Events that are kept on the screen. */
export const MOST = 500;
/** Calls of which it is remembered that they are over. */
const MOST_OVER = 2_000;
const LAST = ["call_ended", "call_error"];

export function take(feed: Feed, message: Message): Feed {
  switch (message.kind) {
    case "snapshot":
      return {
        ...withCalls({ ...feed, stages: new Map() }, message.snapshot.calls),
        streamed: 0,
      };
    case "calls":
      return withCalls(feed, message.calls);
    case "listed":
      return { ...feed, events: withListed(feed, message.events) };
    case "call": {
      const { progress } = message;
      if (feed.over.has(progress.callId)) return feed;
      const stages = new Map(feed.stages).set(progress.callId, progress);
      return {
        ...feed,
        stages,
        isCallMissing: feed.isCallMissing || !knows(feed, progress.callId),
      };
    }
    case "event":
      return withEvent(feed, message.event);
  }
}

/** How a call stands now; null when only another server knows. */
export function stageOf(feed: Feed, call: LiveCallView): Omit<Progress, "callId"> | null {
  const said = feed.stages.get(call.callId);
  if (said !== undefined) return said;
  return call.phase == null ? null : { phase: call.phase, held: call.held === true };
}

const knows = (feed: Feed, callId: string) => feed.calls.some((call) => call.callId === callId);

function withCalls(feed: Feed, calls: readonly LiveCallView[]): Feed {
  return {
    ...feed,
    calls: calls.filter(({ callId }) => !feed.over.has(callId)),
    isCallMissing: false,
  };
}

function withEvent(feed: Feed, event: EventView): Feed {
  if (feed.events.some(({ id }) => id === event.id)) return feed;
  const next: Feed = {
    ...feed,
    events: [event, ...feed.events].slice(0, MOST),
    streamed: Math.min(feed.streamed + 1, MOST),
  };
  const { callId } = event;
  if (callId == null) return next;
  if (LAST.includes(String(event.event.name))) return without(next, callId);
  const isNew = event.event.name === "call_started" && !knows(feed, callId);
  return { ...next, isCallMissing: next.isCallMissing || (isNew && !feed.over.has(callId)) };
}

function without(feed: Feed, callId: string): Feed {
  const stages = new Map(feed.stages);
  stages.delete(callId);
  return {
    ...feed,
    calls: feed.calls.filter((call) => call.callId !== callId),
    over: new Set([...feed.over, callId].slice(-MOST_OVER)),
    stages,
  };
}

/** What came by the stream is newer than the list, what was known before is older. */
function withListed({ events, streamed }: Feed, listed: readonly EventView[]): EventView[] {
  const ids = new Set<string>();
  const isFirst = ({ id }: EventView) => !ids.has(id) && ids.add(id);
  return [...events.slice(0, streamed), ...listed, ...events.slice(streamed)]
    .filter(isFirst)
    .slice(0, MOST);
}
