import { expect, test } from "vitest";

import type { Happening } from "../../api/generated/schema.ts";
import type { Item } from "../calls/timeline/items.ts";
import { stepsOf } from "./steps.ts";

const items = (happened: readonly unknown[]): readonly Item[] =>
  happened.map((what, key) => ({
    key,
    at: `2026-01-01T00:00:0${key}Z`,
    atMicros: key,
    what: what as Happening,
  }));

const refusal = (status: number | null, reasonPhrase: string | null) => ({
  kind: "rejected",
  failure: { trunkId: "trunk_1", callId: "", status, reasonPhrase },
});

test("a refusal, the overflow that took the call, and its end are told in their order", () => {
  const steps = stepsOf(
    items([
      { kind: "event", id: "1", name: "call_started", event: { data: {} } },
      { kind: "phase", phase: "connecting" },
      refusal(486, "Busy Here"),
      { kind: "phase", phase: "ringing" },
      { kind: "answered", profileId: "dest_night", trunkId: null },
      { kind: "sip", label: "INVITE" },
      { kind: "event", id: "2", name: "call_ended", event: { data: {} } },
    ]),
    "dest_day",
  );
  expect(steps).toEqual([
    { at: "2026-01-01T00:00:02Z", kind: "refused", answer: "486 Busy Here" },
    { at: "2026-01-01T00:00:03Z", kind: "rang" },
    { at: "2026-01-01T00:00:04Z", kind: "taken", profileId: "dest_night", isOverflow: true },
    { at: "2026-01-01T00:00:06Z", kind: "ended" },
  ]);
});

test("a call that nobody takes fails with its code, whether there was an answer or not", () => {
  const failed = { kind: "event", name: "call_error", event: { data: { errorCode: "busy" } } };
  const told = stepsOf(items([refusal(null, null), refusal(503, null), failed]), "dest_day");
  expect(told.map(({ at: _, ...step }) => step)).toEqual([
    { kind: "refused", answer: null },
    { kind: "refused", answer: "503" },
    { kind: "failed", code: "busy" },
  ]);
  const [own] = stepsOf(items([{ kind: "answered", profileId: "dest_day" }]), "dest_day");
  expect(own).toMatchObject({ kind: "taken", isOverflow: false });
});
