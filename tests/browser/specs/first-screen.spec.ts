/** What the first screen needs is asked for at once: nothing of it is found only in another file of it. */

import { expect } from "@playwright/test";

import { messageNamed, test } from "../support/shop.ts";

test("no script of the first screen waits for another one", async ({ page, shop }) => {
  // The shop's buttons are more than every widget shows: a part of its own draws them.
  const widget = await shop.open(page);
  await messageNamed(page, "widget_loaded");
  const scripts = await widget.evaluate(() => {
    const entries = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    return entries
      .filter(({ name }) => name.endsWith(".js"))
      .map(({ name, startTime, responseEnd }) => ({
        name: name.replace(/^.*\/|-[\w-]+\.js$/g, ""),
        asked: startTime,
        ended: responseEnd,
      }));
  });
  // In the order in which they were asked for: these parts when the first screen was there.
  const rest = scripts.findIndex(({ name }) => name === "parts");
  const before = scripts.slice(0, rest < 0 ? undefined : rest);
  const entry = before.find(({ name }) => name === "widget");
  expect(before.map(({ name }) => name)).toEqual(expect.arrayContaining(["widget", "extras"]));
  expect(before.filter(({ asked }) => asked > (entry?.ended ?? 0))).toEqual([]);
});
