// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { keepInTab, takeFromTab } from "./memory.ts";

it("a frame without a call leaves alone what another one of the page has kept", () => {
  const told: (string | null)[] = [];
  const [calling, idle] = [0, 1].map(() => keepInTab<string>("call", (value) => told.push(value)));
  calling?.("a handover");
  idle?.(null);
  expect(takeFromTab("call")).toBe("a handover");
  calling?.("a handover");
  expect(takeFromTab("call"), "the same is kept once").toBeNull();
  calling?.("another");
  calling?.(null);
  expect(takeFromTab("call")).toBeNull();
  expect(told).toEqual(["a handover", "another", null]);
});
