// @vitest-environment happy-dom
import { DESIGNS } from "@bellpush/widget/src/testing/designs.ts";
import { beforeEach, expect, test, vi } from "vitest";

import { refused, signedIn } from "../../../api/auth.ts";
import { Problem } from "../../../api/problem.ts";
import { keepDraft, readDraft } from "../../../editor/drafts.ts";
import { runHook } from "../../../testing/hook.ts";
import { type Design, opened } from "../core/document.ts";
import { withOverride } from "../core/texts.ts";
import type { Saved } from "./session.ts";
import { useDesign } from "./useDesign.ts";

const server = vi.hoisted(() => ({
  save: (_appId: string, document: unknown): Promise<unknown> =>
    Promise.resolve({ document, revision: "r1" }),
}));

vi.mock("../queries.ts", () => ({
  loadDraft: () => new Promise(() => undefined),
  saveDraft: (appId: string, document: unknown) => server.save(appId, document),
}));

const FIRST = opened(DESIGNS.form as Design);
const title = (words: string, document = FIRST) =>
  withOverride(document, "en", "idle.title", words);
const saved = (document: Design): Saved => ({ document, revision: "r0" });

beforeEach(() => localStorage.clear());

const designOf = (first: Saved) => runHook((initial: Saved) => useDesign("app_1", initial), first);

test("signing in again keeps the edits and their history, and saves what could not be saved", async () => {
  signedIn();
  const sent: unknown[] = [];
  let isSignedIn = true;
  server.save = async (_, document) => {
    if (!isSignedIn) throw new Problem(401, "signed-out", "nobody is signed in");
    sent.push(document);
    return { document, revision: "r1" };
  };
  const { now, act, give, end } = await designOf(saved(FIRST));
  await act(() => now().session.edit(() => title("Call us")));
  isSignedIn = false;
  await act(() => now().session.flush());
  await act(refused);
  expect(now().view.saving.name).toBe("failed");

  isSignedIn = true;
  await give(saved(structuredClone(FIRST)));
  await act(signedIn);
  expect(now().view.history.present).toEqual(title("Call us"));
  expect(now().view.history.past).toHaveLength(1);
  expect(now().view.saving.name).toBe("saved");
  expect(sent).toEqual([title("Call us")]);
  await end();
});

test("kept edits that others have overwritten are decided before they are taken up", async () => {
  keepDraft("design-app_1", title("Mine"), FIRST);
  const theirs = title("Theirs");
  const { now, act, end } = await designOf(saved(theirs));
  await act(() => now().restore());
  expect(now().view.history.present).toEqual(theirs);
  expect(now().clashes).toMatchObject([{ mine: "Mine", theirs: "Theirs" }]);
  await act(() => now().resolve(["theirs"]));
  expect(now().view.history.present).toEqual(theirs);
  expect([now().clashes, now().local]).toEqual([null, null]);
  await end();
});

test("kept edits stay until they are decided about, whatever is saved and looked at meanwhile", async () => {
  signedIn();
  server.save = async (_, document) => ({ document, revision: "r1" });
  keepDraft("design-app_1", title("From before"), FIRST);
  const first = await designOf(saved(FIRST));
  await first.end();
  const { now, act, end } = await designOf(saved(FIRST));
  expect(now().local?.values).toEqual(title("From before"));
  const other = withOverride(FIRST, "en", "form.title", "Before we talk");
  await act(() => now().session.edit(() => other));
  await act(() => now().session.flush());
  expect(readDraft("design-app_1")?.values).toEqual(title("From before"));
  await act(() => now().restore());
  expect(now().view.history.present).toEqual(title("From before", other));
  await act(() => now().session.flush());
  expect(readDraft("design-app_1")).toBeNull();
  await end();
});
