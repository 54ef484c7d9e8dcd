/** A widget that has to prove some work before it gets its session. */

import { expect } from "@playwright/test";

import { test } from "../support/shop.ts";

test("the work is done in a worker of the widget's own, and the call is placed", async ({
  page,
  shop,
}) => {
  await shop.change({ challenge: "on" });
  const workers: string[] = [];
  page.on("worker", (worker) => workers.push(worker.url()));
  const refusals: string[] = [];
  page.on("response", async (answer) => {
    if (answer.status() === 428) {
      refusals.push((await answer.json()).type);
    }
  });

  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await expect.poll(() => refusals).toEqual(["urn:bellpush:problem:challenge"]);
  expect(workers).toHaveLength(1);
  expect(new URL(workers[0] ?? "").origin).toBe(new URL(shop.server.url).origin);
});
