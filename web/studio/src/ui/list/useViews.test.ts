// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";

import { runHook } from "../../testing/hook.ts";
import { json, serve } from "../../testing/server.ts";
import { useViews } from "./useViews.ts";

afterEach(() => vi.unstubAllGlobals());

test("views are there in a browser that keeps nothing", async () => {
  serve({
    "GET /v1/me/views": () =>
      json({ items: [{ id: "v_1", appId: "app_1", list: "calls", name: "Mine", query: "" }] }),
  });
  vi.stubGlobal("localStorage", {
    getItem: () => {
      throw new DOMException("denied", "SecurityError");
    },
  });
  const { now, act, end } = await runHook(() => useViews("app_1", "calls"), null);
  await act(() => vi.waitUntil(() => now().views !== undefined || now().error !== null));
  expect(now().error).toBeNull();
  expect(now().views?.map(({ name }) => name)).toEqual(["Mine"]);
  await end();
});
