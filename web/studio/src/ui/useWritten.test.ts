// @vitest-environment happy-dom
import { expect, test } from "vitest";

import { runHook } from "../testing/hook.ts";
import { useWritten } from "./useWritten.ts";

const lines = {
  write: (value: readonly string[]) => value.join("\n"),
  read: (typed: string) => typed.split("\n").filter((line) => line !== ""),
};
const useLines = (value: readonly string[]) => useWritten(value, lines);

test("what is typed stays as it is while it means the value", async () => {
  const { now, act, give } = await runHook(useLines, ["order"]);
  await act(() => now()[1]("order\n\nreturn\n"));
  await give(["order", "return"]);
  expect(now()[0]).toBe("order\n\nreturn\n");
});

test("what is no value yet stays", async () => {
  const useNumber = (value: number) =>
    useWritten(value, {
      write: String,
      read: (typed: string) => (/^\d+$/.test(typed) ? Number(typed) : null),
    });
  const { now, act, give } = await runHook(useNumber, 5);
  await act(() => now()[1]("5 mi"));
  await give(5);
  expect(now()[0]).toBe("5 mi");
});

test("another value from elsewhere is what is written then", async () => {
  const { now, act, give } = await runHook(useLines, ["order"]);
  await act(() => now()[1]("order\nreturn"));
  await give(["order", "return"]);
  await give(["order"]);
  expect(now()[0]).toBe("order");
  await give(["mail"]);
  expect(now()[0]).toBe("mail");
});
