import { expect, test } from "vitest";

import type { CallDetails, DeliveryView, EventView } from "../../api/generated/schema.ts";
import { contextOf, dataOf, timelineOf } from "./timeline.ts";

const event = (id: string, name: string, timestamp: string): EventView => ({
  id,
  callId: "call_1",
  preview: false,
  recordedAt: "2026-03-01T09:00:00.000Z",
  event: { name, timestamp, data: { context: { orderId: "A-1" }, duration: 3 } },
});

test("what happened stands in the order of time, and deliveries after what they deliver", () => {
  const started = event("1", "call_started", "2026-03-01T09:00:00.000Z");
  const ended = event("2", "call_ended", "2026-03-01T09:00:05.000Z");
  const delivery: DeliveryView = {
    attemptCount: 1,
    eventId: "1",
    eventName: "call_started",
    recordedAt: "2026-03-01T09:00:00.000Z",
    replayed: false,
    status: "delivered",
  };
  const call: CallDetails = {
    id: "call_1",
    profileId: "dest_1",
    sessionId: "ses_1",
    startedAt: "2026-03-01T09:00:00.000Z",
    connectedAt: "2026-03-01T09:00:02.000Z",
    state: "ended",
    context: { orderId: "A-1" },
    preview: false,
    quality: {
      warnings: [{ at: "2026-03-01T09:00:03.000Z", raised: true, warning: "network_weak" }],
    },
  };
  const entries = timelineOf({
    call,
    events: [ended, started],
    deliveries: [[{ id: "int_1", name: "CRM" }, [delivery]]],
  });
  expect(entries.map((entry) => entry.kind)).toEqual([
    "event",
    "delivery",
    "connected",
    "warning",
    "event",
  ]);
});

test("an event's context and own fields are told apart", () => {
  const one = event("1", "call_ended", "2026-03-01T09:00:05.000Z");
  expect(contextOf([one])).toEqual([["orderId", "A-1"]]);
  expect(dataOf(one)).toEqual([["duration", 3]]);
});
