/** Visitors who go away without a word: the one terminal event still reaches the webhook. */

import { expect } from "@playwright/test";

import { hear, spyOnPeers } from "../../support/media.ts";
import { cutPort } from "../../support/network.ts";
import { messageNamed, test } from "../../support/shop.ts";
import { TONE } from "../../support/tone.ts";

// The time-out is a setting of the server: the default would make the test wait for nothing more.
test.use({ serverOptions: ["--media-timeout-seconds", "7"] });

test.beforeEach(async ({ context }) => {
  await spyOnPeers(context);
});

test("a tab closed in a call is a user_hangup at the webhook within 5 seconds", async ({
  page,
  shop,
}) => {
  // No time to come back in.
  await shop.change({ resumeSeconds: 0 });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  expect(await hear(widget, TONE)).not.toBeNull();
  const closedAt = Date.now();
  await page.close({ runBeforeUnload: false });
  const ended = await shop.sink.waitFor("call_ended", 5_000);
  expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
  expect(ended.at - closedAt).toBeLessThan(5_000);
  expect(shop.sink.received.map(({ event }) => event.name)).not.toContain("call_error");
});

test("a network cut in a call is a media_failed at all places", async ({ page, shop }) => {
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  expect(await hear(widget, TONE)).not.toBeNull();
  const mend = cutPort(shop.server.mediaPort);
  try {
    await expect(widget.getByRole("heading", { name: "Reconnecting…" })).toBeVisible({ timeout: 15_000 });
    const failed = await messageNamed(page, "call_error", 20_000);
    expect(failed.data.event.data).toMatchObject({ errorCode: "media_failed" });
    const delivered = await shop.sink.waitFor("call_error");
    expect(delivered).toMatchObject({ id: failed.data.id, event: failed.data.event });
    expect(shop.sink.received.map(({ event }) => event.name)).not.toContain("call_ended");
  } finally {
    mend();
  }
});

test("a short network cut is survived", async ({ page, shop }) => {
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  expect(await hear(widget, TONE)).not.toBeNull();
  const mend = cutPort(shop.server.mediaPort);
  try {
    await expect(widget.getByRole("heading", { name: "Reconnecting…" })).toBeVisible({ timeout: 15_000 });
  } finally {
    mend();
  }
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible({ timeout: 10_000 });
  expect(await hear(widget, TONE), "the tone is back").not.toBeNull();
  await widget.getByRole("button", { name: "Hang up" }).click();
  const ended = await messageNamed(page, "call_ended");
  expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });
});

test("a page that crashes in a call is one that was left", async ({ page, context, shop }) => {
  await shop.change({ resumeSeconds: 2 });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  expect(await hear(widget, TONE)).not.toBeNull();
  // The widget is another site's, and so in another process: it is told to go, and says so.
  const crashed = page.waitForEvent("crash");
  const session = await context.newCDPSession(page);
  session.send("Page.crash").catch(() => undefined);
  await crashed;
  const ended = await shop.sink.waitFor("call_ended", 20_000);
  expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
  expect(shop.sink.received.map(({ event }) => event.name)).not.toContain("call_error");
});

test("a widget that crashes itself in a call is a media_failed", async ({ page, context, shop }) => {
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  expect(await hear(widget, TONE)).not.toBeNull();
  const session = await context.newCDPSession(widget);
  session.send("Page.crash").catch(() => undefined);
  const failed = await shop.sink.waitFor("call_error", 30_000);
  expect(failed.event.data).toMatchObject({ errorCode: "media_failed" });
  expect(shop.sink.received.map(({ event }) => event.name)).not.toContain("call_ended");
});
