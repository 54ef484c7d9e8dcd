// @vitest-environment happy-dom
import { QueryObserver } from "@tanstack/react-query";
import { afterEach, expect, test } from "vitest";

import { queryClient } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import { unreachedSince } from "./unreachedSince.ts";

afterEach(() => queryClient.clear());

test("what is shown and can't be read again is told with its time, until it can", async () => {
  let error: Error | null = null;
  const queryFn = async () => {
    if (error !== null) throw error;
    return "shown";
  };
  const shown = new QueryObserver(queryClient, { queryKey: ["shown"], queryFn, retry: false });
  const end = shown.subscribe(() => undefined);
  await shown.refetch();
  expect(unreachedSince()).toBe(0);
  const { dataUpdatedAt } = shown.getCurrentResult();

  for (const away of [new Problem(0, "no-answer", ""), new Problem(503, "unavailable", "")]) {
    error = away;
    await shown.refetch();
    expect(unreachedSince()).toBe(dataUpdatedAt);
  }
  // An answer that says no is one.
  error = new Problem(403, "forbidden", "");
  await shown.refetch();
  expect(unreachedSince()).toBe(0);
  error = null;
  await shown.refetch();
  expect(unreachedSince()).toBe(0);
  end();
});
