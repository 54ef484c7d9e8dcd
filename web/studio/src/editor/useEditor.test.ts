// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";

import { Problem } from "../api/problem.ts";
import { runHook } from "../testing/hook.ts";
import { keepDraft, readDraft } from "./drafts.ts";
import { type EditorOptions, useEditor } from "./useEditor.ts";

interface Values {
  readonly name: string;
  readonly note: string;
}

const FIRST: Values = { name: "Shop", note: "" };

beforeEach(() => localStorage.clear());

/** A server with one object, whose next save waits for `finish`. */
function createServer() {
  let stored = FIRST;
  let wait: Promise<void> = Promise.resolve();
  let finish: () => void = () => undefined;
  const options: EditorOptions<Values> = {
    id: "one",
    value: FIRST,
    load: async () => ({ value: stored, version: "r1" }),
    async save({ values }) {
      await wait;
      stored = { ...values, name: values.name.trim() };
    },
  };
  return {
    options,
    stored: () => stored,
    put: (values: Values) => {
      stored = values;
    },
    hold() {
      wait = new Promise((resolve) => {
        finish = resolve;
      });
    },
    finish: () => finish(),
  };
}

test("what is typed while a save is under way stays, in the form and in the browser", async () => {
  const server = createServer();
  const { now, act } = await runHook(useEditor<Values>, server.options);
  await act(() => now().form.setFieldValue("name", "Our shop "));
  server.hold();
  let saved: Promise<boolean> | null = null;
  await act(() => {
    saved = now().submit();
  });
  await act(() => now().form.setFieldValue("note", "open late"));
  await act(() => {
    server.finish();
    return saved;
  });
  expect(server.stored()).toEqual({ name: "Our shop", note: "" });
  expect(now().form.values).toEqual({ name: "Our shop", note: "open late" });
  expect(now().isDirty).toBe(true);
  expect(readDraft("one")).toMatchObject({ values: { note: "open late" } });
  await act(() => now().submit());
  expect(server.stored()).toEqual({ name: "Our shop", note: "open late" });
  expect([now().isDirty, readDraft("one")]).toEqual([false, null]);
});

test("what is typed while a save is refused for a change of others is among mine", async () => {
  const server = createServer();
  let refuse: () => void = () => undefined;
  const save = () =>
    new Promise<void>((_, reject) => {
      refuse = () => reject(new Problem(412, "precondition-failed", "changed"));
    });
  const { now, act } = await runHook(useEditor<Values>, { ...server.options, save });
  await act(() => now().form.setFieldValue("name", "Our shop"));
  let saved: Promise<boolean> | null = null;
  await act(() => {
    saved = now().submit();
  });
  server.put({ name: "Their shop", note: "" });
  await act(() => now().form.setFieldValue("note", "open late"));
  await act(() => {
    refuse();
    return saved;
  });
  expect(now().conflict).toMatchObject({ clashes: ["name"], mine: { note: "open late" } });
});

test("kept edits that others have overwritten are decided before they are taken up", async () => {
  const server = createServer();
  keepDraft("one", { name: "My shop", note: "mine" }, FIRST);
  const value = { name: "Their shop", note: "" };
  server.put(value);
  const { now, act } = await runHook(useEditor<Values>, { ...server.options, value });
  await act(() => now().restoreDraft());
  expect(now().form.values).toEqual(value);
  expect(now().conflict).toMatchObject({ clashes: ["name"], merged: { name: "My shop" } });
  await act(() => now().postpone());
  expect([now().conflict, now().draft?.values.name]).toEqual([null, "My shop"]);
  await act(() => now().restoreDraft());
  await act(() => now().resolve({ name: "Their shop", note: "mine" }));
  expect(now().form.values).toEqual({ name: "Their shop", note: "mine" });
  expect([now().isDirty, now().conflict]).toEqual([true, null]);
});

test("kept edits are put on what others have changed beside them", async () => {
  const server = createServer();
  keepDraft("one", { name: "Shop", note: "mine" }, FIRST);
  const value = { name: "Their shop", note: "" };
  const { now, act } = await runHook(useEditor<Values>, { ...server.options, value });
  await act(() => now().restoreDraft());
  expect(now().conflict).toBeNull();
  expect(now().form.values).toEqual({ name: "Their shop", note: "mine" });
});

test("what was taken over from others stays, though the screen has not read it yet", async () => {
  const server = createServer();
  const { now, act } = await runHook(useEditor<Values>, server.options);
  const theirs = { name: "Their shop", note: "" };
  server.put(theirs);
  await act(() => now().form.setFieldValue("name", "My shop"));
  await act(() => now().submit());
  await act(() => now().resolve(theirs));
  expect(now().form.values).toEqual(theirs);
  expect([now().isDirty, now().conflict]).toEqual([false, null]);
  await act(() => now().form.setFieldValue("note", "open late"));
  await act(() => now().submit());
  expect(server.stored()).toEqual({ ...theirs, note: "open late" });
});

test("what was saved stays, though the screen could not read it again", async () => {
  const server = createServer();
  const { now, act, give } = await runHook(useEditor<Values>, server.options);
  await act(() => now().form.setFieldValue("name", "My shop"));
  await act(() => now().submit());
  expect(now().form.values.name).toBe("My shop");
  await give({ ...server.options, value: { name: "Newest", note: "" } });
  expect(now().form.values.name).toBe("Newest");
});

test("a save is told what the editor stands on, not what the screen once read", async () => {
  const server = createServer();
  const bases: Values[] = [];
  const save: typeof server.options.save = (request) => {
    bases.push(request.base);
    return server.options.save(request);
  };
  const { now, act } = await runHook(useEditor<Values>, { ...server.options, save });
  const theirs = { name: "Their shop", note: "theirs" };
  server.put(theirs);
  await act(() => now().form.setFieldValue("note", "mine"));
  await act(() => now().submit());
  await act(() => now().resolve({ ...theirs, note: "mine" }));
  await act(() => now().submit());
  expect(bases).toEqual([theirs]);
  expect(server.stored()).toEqual({ name: "Their shop", note: "mine" });
});

test("what is offered from before stays until it is decided about, whatever is typed or saved", async () => {
  const server = createServer();
  const kept = { name: "Shop", note: "from before" };
  keepDraft("one", kept, FIRST);
  const { now, act } = await runHook(useEditor<Values>, server.options);
  await act(() => now().form.setFieldValue("name", "My shop"));
  expect([now().draft?.values, readDraft("one")?.values]).toEqual([kept, kept]);
  await act(() => now().submit());
  expect(readDraft("one")?.values).toEqual(kept);
  await act(() => now().restoreDraft());
  expect(now().form.values).toEqual({ name: "My shop", note: "from before" });
  expect(readDraft("one")?.values).toEqual({ name: "My shop", note: "from before" });
});

test("what was typed and taken back is not offered after a reload", async () => {
  const server = createServer();
  const { now, act } = await runHook(useEditor<Values>, server.options);
  await act(() => now().form.setFieldValue("name", "My shop"));
  expect(readDraft("one")).not.toBeNull();
  await act(() => now().form.setFieldValue("name", FIRST.name));
  expect(readDraft("one")).toBeNull();
});
