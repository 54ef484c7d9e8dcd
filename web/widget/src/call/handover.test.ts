import { describe, expect, it } from "vitest";
import { readHandover } from "./handover.ts";

const GOOD = {
  callId: "call_1",
  address: "/v1/calls/call_1",
  resumeToken: "rt_1",
  connectedAt: null,
  muted: true,
  held: false,
};

describe("a handover", () => {
  it.each([
    GOOD,
    { ...GOOD, connectedAt: 5 },
    { ...GOOD, address: "https://node-2.example/v1/calls/call_1" },
  ])("is read as it was given: %j", (given) => {
    expect(readHandover(JSON.stringify(given))).toEqual(given);
  });

  it.each([
    null,
    undefined,
    "",
    "{",
    "null",
    "7",
    JSON.stringify({ ...GOOD, resumeToken: 7 }),
    JSON.stringify({ ...GOOD, connectedAt: "5" }),
    JSON.stringify({ ...GOOD, address: "/v1/calls/call_2" }),
    JSON.stringify({ ...GOOD, address: "/v1/apps?/v1/calls/call_1" }),
    JSON.stringify({ ...GOOD, address: "//evil.example/v1/calls/call_1" }),
    JSON.stringify({ ...GOOD, address: "https://evil.example/?/v1/calls/call_1" }),
    JSON.stringify({ ...GOOD, address: undefined, callId: undefined }),
  ])("that is none is left alone: %j", (given) => {
    expect(readHandover(given)).toBeNull();
  });
});
