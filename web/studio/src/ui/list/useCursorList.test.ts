// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { queryClient } from "../../api/client.ts";
import { runHook } from "../../testing/hook.ts";
import { newerThan, useCursorList } from "./useCursorList.ts";

interface Row {
  readonly id: string;
  readonly state: string;
}

const rowKey = ({ id }: Row) => id;

beforeEach(() => {
  queryClient.clear();
  vi.useFakeTimers();
});

afterEach(() => vi.useRealTimers());

test("what is gone from a list is not what came in", () => {
  expect(newerThan(["r5", "r4"], ["r6", "r5", "r4"])).toBe(1);
  expect(newerThan(["r5", "r4"], ["r4", "r3"])).toBe(0);
  expect(newerThan(["r5", "r4"], ["r3", "r2", "r1"])).toBe(0);
  expect(newerThan(["r5"], ["r7", "r6"])).toBe(2);
  expect(newerThan([], ["r1"])).toBe(1);
});

test("a row that stands there shows what became of it, and does not move", async () => {
  let rows: readonly Row[] = [
    { id: "r2", state: "waiting" },
    { id: "r1", state: "delivered" },
  ];
  const useRows = (key: string) =>
    useCursorList<Row>({ key: [key], rowKey, read: async () => ({ items: rows }) });
  const { now, act, end } = await runHook(useRows, "rows");
  await act(() => vi.advanceTimersByTimeAsync(100));
  expect(now().rows).toEqual(rows);
  rows = [{ id: "r3", state: "waiting" }, { id: "r2", state: "delivered" }, ...rows.slice(1)];
  await act(() => vi.advanceTimersByTimeAsync(9_000));
  expect(now().rows?.map(({ id, state }) => `${id} ${state}`)).toEqual([
    "r2 delivered",
    "r1 delivered",
  ]);
  expect(now().newer).toBe(1);
  await end();
});

test("why older rows can't be read is said, and they can be asked for again", async () => {
  let isDown = true;
  const useRows = (key: string) =>
    useCursorList<Row>({
      key: [key],
      rowKey,
      read: async ({ after, limit }) => {
        if (after === undefined) return { items: [{ id: "r2", state: "" }], next: "r2" };
        if (isDown) throw new Error(`no answer to ${limit}`);
        return { items: [{ id: "r1", state: "" }] };
      },
    });
  const { now, act, end } = await runHook(useRows, "older");
  await act(() => vi.advanceTimersByTimeAsync(100));
  await act(() => now().more());
  await act(() => vi.advanceTimersByTimeAsync(10_000));
  expect(now().moreError).toBeInstanceOf(Error);
  isDown = false;
  await act(() => now().more());
  await act(() => vi.advanceTimersByTimeAsync(100));
  expect([now().moreError, now().rows?.length]).toEqual([null, 2]);
  await end();
});
