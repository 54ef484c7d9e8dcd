// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";

import { json, serve } from "../../testing/server.ts";
import { Follower } from "./Follower.ts";

const STREAM = `event: snapshot
data: {"calls":[]}

event: call
data: {"callId":"call_1","phase":"ringing","held":false}

`;

afterEach(() => vi.unstubAllGlobals());

test("calls that the stream has only named are asked for by the same filter", async () => {
  const asked = serve({
    "GET /v1/apps/app_1/live": ({ headers }) =>
      headers.get("accept") === "application/json" ? json({ calls: [] }) : new Response(STREAM),
    "GET /v1/apps/app_1/events": () => json({ items: [] }),
  });
  const follower = new Follower("app_1", { callId: "call_1", context: "tier:gold" });
  follower.start();
  const beside = await vi.waitUntil(
    () => asked.find(({ headers }) => headers.get("accept") === "application/json"),
    { timeout: 5_000 },
  );
  follower.stop();
  expect(Object.fromEntries(beside.url.searchParams)).toEqual({
    callId: "call_1",
    context: "tier:gold",
  });
});
