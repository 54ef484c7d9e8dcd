import { expect, test } from "vitest";

import type { EventView, LiveCallView } from "../../api/generated/schema.ts";
import { type Feed, type Message, NOTHING, stageOf, take } from "./feed.ts";

const event = (id: string, name = "widget_loaded", callId: string | null = null): EventView => ({
  id,
  callId,
  preview: false,
  recordedAt: "2026-03-01T09:00:00.000Z",
  event: { name },
});
const call = (callId: string): LiveCallView => ({
  callId,
  context: {},
  preview: false,
  profileId: "dest_1",
  startedAt: "2026-03-01T09:00:00.000Z",
  phase: "ringing",
  held: false,
});
const snapshot = (...calls: LiveCallView[]): Message => ({
  kind: "snapshot",
  snapshot: { calls, cursor: "1" },
});
const came = (one: EventView): Message => ({ kind: "event", event: one });
const listed = (...ids: string[]): Message => ({
  kind: "listed",
  events: ids.map((id) => event(id)),
});
const after = (...messages: Message[]): Feed => messages.reduce(take, NOTHING);
const ids = (feed: Feed) => feed.events.map(({ id }) => id);
const callIds = (feed: Feed) => feed.calls.map(({ callId }) => callId);

test("after a break, events stand once and in their order, whatever came first", () => {
  const before = [snapshot(), listed("2", "1"), came(event("3"))];
  expect(ids(after(...before))).toEqual(["3", "2", "1"]);
  const missed = [snapshot(), came(event("6")), listed("6", "5", "4", "3", "2")];
  expect(ids(after(...before, ...missed))).toEqual(["6", "5", "4", "3", "2", "1"]);
  // What the list did not have yet came by the stream.
  const early = [snapshot(), came(event("6")), listed("5", "4", "3")];
  expect(ids(after(...before, ...early))).toEqual(["6", "5", "4", "3", "2", "1"]);
});

test("an event that is told twice stands once", () => {
  expect(ids(after(snapshot(), came(event("1")), came(event("1"))))).toEqual(["1"]);
});

test("a call that has begun is asked for, and one that is over goes", () => {
  const begun = after(snapshot(), came(event("1", "call_started", "a")));
  expect(begun.isCallMissing).toBe(true);
  const known = take(begun, { kind: "calls", calls: [call("a")] });
  expect(known.isCallMissing).toBe(false);
  expect(callIds(known)).toEqual(["a"]);
  const over = take(known, came(event("2", "call_ended", "a")));
  expect(callIds(over)).toEqual([]);
  // An answer from before the end arrives after it.
  expect(callIds(take(over, { kind: "calls", calls: [call("a")] }))).toEqual([]);
  expect(take(over, came(event("3", "call_started", "a"))).isCallMissing).toBe(false);
});

test("the stream knows better how a call stands than an answer beside it", () => {
  const progress = { callId: "a", phase: "connected", held: true };
  const told = after(snapshot(), { kind: "call", progress });
  expect(told.isCallMissing).toBe(true);
  const feed = take(told, { kind: "calls", calls: [call("a"), call("b")] });
  expect(feed.calls.map((one) => stageOf(feed, one)?.phase)).toEqual(["connected", "ringing"]);
  const [first] = feed.calls;
  const anew = take(feed, snapshot(call("a")));
  expect(first && stageOf(anew, first)).toEqual({ phase: "ringing", held: false });
});
