// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { queryClient } from "../../../api/client.ts";
import { keepDraft, readDraft } from "../../../editor/drafts.ts";
import { json, problem, serve } from "../../../testing/server.ts";
import { enter, leave, seat, signOut } from "./seat.ts";

beforeEach(() => {
  leave();
  keepDraft("one", { name: "mine" }, { name: "" });
});

afterEach(() => vi.unstubAllGlobals());

test("who was signed out already leaves nothing behind", async () => {
  serve({ "POST /v1/sign-out": () => problem(401, "signed-out") });
  await signOut();
  expect(readDraft("one")).toBeNull();
});

test("who could not be signed out loses nothing", async () => {
  serve({ "POST /v1/sign-out": () => problem(503, "unavailable") });
  await signOut();
  expect(readDraft("one")).not.toBeNull();
});

test("who signs in again finds what they had, and another person a page of their own", async () => {
  const reload = vi.spyOn(location, "reload").mockImplementation(() => undefined);
  let person = "mem_1";
  serve({ "GET /v1/me": () => json({ id: person }) });
  seat("mem_1");
  queryClient.setQueryData(["get", "seen"], "of mem_1");
  await enter();
  expect([readDraft("one") === null, reload.mock.calls.length]).toEqual([false, 0]);
  person = "mem_2";
  await enter();
  expect(readDraft("one")).toBeNull();
  expect(queryClient.getQueryData(["get", "seen"])).toBeUndefined();
  expect(reload).toHaveBeenCalledOnce();
});

test("what one has not saved is not offered to another person after a reload", async () => {
  seat("mem_2");
  keepDraft("one", { name: "of mem_2" }, { name: "" });
  vi.resetModules();
  const { keepDraftsOf } = await import("../../../editor/drafts.ts");
  keepDraftsOf("mem_2");
  expect(readDraft("one")).not.toBeNull();
  keepDraftsOf("mem_3");
  expect(readDraft("one")).toBeNull();
});
