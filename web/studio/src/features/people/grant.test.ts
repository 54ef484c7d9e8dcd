// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";

import { json, problem, serve } from "../../testing/server.ts";
import { changeGrant, type Grant } from "./grant.ts";

const BASE: Grant = { role: "viewer", apps: ["app_1"] };
const READ = "GET /v1/members/mem_1";
const CHANGE = "PATCH /v1/members/mem_1";

afterEach(() => vi.unstubAllGlobals());

test("only what differs is sent, for the revision that was read", async () => {
  const asked = serve({ [READ]: () => json(BASE, { etag: '"r7"' }), [CHANGE]: () => json({}) });
  expect(await changeGrant("mem_1", BASE, { ...BASE, role: "editor" })).toBeNull();
  expect(await changeGrant("mem_1", BASE, { ...BASE, apps: [] })).toBeNull();
  const sent = asked.filter(({ line }) => line === CHANGE);
  expect(sent.map(({ body }) => body)).toEqual([{ role: "editor" }, { apps: null }]);
  expect(sent[0]?.headers.get("if-match")).toBe('"r7"');
});

test("what others have made of it is told, and not overwritten", async () => {
  const theirs = { role: "admin", apps: null };
  const asked = serve({ [READ]: () => json(theirs), [CHANGE]: () => json({}) });
  expect(await changeGrant("mem_1", BASE, { ...BASE, role: "editor" })).toEqual({
    role: "admin",
    apps: [],
  });
  expect(asked.map(({ line }) => line)).toEqual([READ]);
});

test("what others change in that very moment is told as well", async () => {
  let reads = 0;
  serve({
    [READ]: () => json(reads++ === 0 ? BASE : { role: "admin", apps: null }, { etag: '"r7"' }),
    [CHANGE]: () => problem(412, "precondition-failed"),
  });
  const theirs = await changeGrant("mem_1", BASE, { ...BASE, role: "editor" });
  expect(theirs?.role).toBe("admin");
});
