// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { keepDraft, readDraft } from "../../../editor/drafts.ts";
import { problem, serve } from "../../../testing/server.ts";
import { signOut } from "./signOut.ts";

beforeEach(() => keepDraft("one", { name: "mine" }, { name: "" }));

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
