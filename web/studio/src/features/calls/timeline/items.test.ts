import { expect, test } from "vitest";

import type { SampleView } from "../../../api/generated/schema.ts";
import { contextOf, countsOf, type Item, linesOf, messagesOf, remotesOf } from "./items.ts";

const at = (ms: number) => ({
  key: ms,
  at: new Date(ms).toISOString(),
  atMicros: ms * 1_000,
});
const event = (ms: number, data: Record<string, unknown>): Item => ({
  ...at(ms),
  what: { kind: "event", id: "1", name: "call_started", event: { data } },
});
const sip = (ms: number, label: string, remote: string): Item => ({
  ...at(ms),
  what: {
    kind: "sip",
    label,
    remote,
    local: "10.0.0.1:5060",
    sent: true,
    class: "request",
    cseq: "1 INVITE",
    sipCallId: "a",
    transport: "udp",
    text: label,
  },
});
const sample = (ms: number, lost: number, packets: number): SampleView => ({
  at: new Date(ms).toISOString(),
  side: "visitor",
  spanMs: 5_000,
  jitterMs: 3,
  lost,
  packets,
});

test("SIP messages know the time since the one before, whatever stands between", () => {
  const items = [sip(1_000, "INVITE", "a"), event(1_001, {}), sip(1_012, "INVITE", "b")];
  const messages = messagesOf(items);
  expect(messages.map(({ label, after }) => [label, after])).toEqual([
    ["INVITE", null],
    ["INVITE", 12],
  ]);
  expect(remotesOf(messages)).toEqual(["a", "b"]);
  expect([...countsOf(items)]).toEqual([
    ["sip", 2],
    ["events", 1],
  ]);
});

test("a curve breaks off where nothing came, and is no zero there", () => {
  const samples = [sample(5_000, 0, 100), sample(10_000, 0, 0), sample(15_000, 25, 75)];
  expect(linesOf(samples, "visitor", "loss", 0)).toEqual([
    [{ at: 5_000, span: 5_000, value: 0 }],
    [{ at: 15_000, span: 5_000, value: 25 }],
  ]);
  expect(linesOf(samples, "far_side", "loss", 0)).toEqual([]);
});

test("the context is the first that an event has", () => {
  expect(contextOf([event(1, {}), event(2, { context: { orderId: "A-1" } })])).toEqual([
    ["orderId", "A-1"],
  ]);
});
