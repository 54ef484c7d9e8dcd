/** Networks and proxies as they are: what they take away, hold back and bring again. */

import { expect } from "@playwright/test";

import { call } from "../../support/call.ts";
import { hear, spyOnPeers } from "../../support/media.ts";
import { cutPort, cutUdp } from "../../support/network.ts";
import { messageNamed, test } from "../../support/shop.ts";
import { TONE } from "../../support/tone.ts";
import { until } from "../../support/until.ts";

test.beforeEach(async ({ context }) => {
  await spyOnPeers(context);
});

/** Has every stream of progress stop after its first piece, as a proxy does that collects. */
async function holdStreamsBack(context: import("@playwright/test").BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const ask = window.fetch.bind(window);
    window.fetch = async (input, init) => {
      const answer = await ask(input, init);
      if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) return answer;
      const reader = answer.body?.getReader();
      let first = true;
      const held = new ReadableStream({
        async pull(controller) {
          const piece = first ? await reader?.read() : await new Promise<never>(() => {});
          first = false;
          controller.enqueue(piece?.value);
        },
      });
      return new Response(held, { headers: answer.headers });
    };
  });
}

test("a stream that is held back after its first message costs no more than a moment", async ({
  page,
  context,
  shop,
}) => {
  await holdStreamsBack(context);
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible({ timeout: 6000 });
  await expect(widget.getByRole("timer")).toBeVisible();
  expect(await hear(widget, TONE)).not.toBeNull();
  // The far side hangs up, and all are told of it within seconds.
  await page.keyboard.press("Tab");
  await widget.getByRole("button", { name: "Keypad" }).click();
  await widget.getByRole("button", { name: "Star" }).click();
  const ended = await messageNamed(page, "call_ended", 4000);
  expect(ended.data.event.data).toMatchObject({ reason: "remote_hangup" });
  await expect(widget.getByRole("heading", { name: "Connected" })).toHaveCount(0);
});

test("a hang-up while HTTP is away is kept until the server has it", async ({ page, shop }) => {
  const widget = await shop.open(page);
  await call(widget);
  expect(await hear(widget, TONE)).not.toBeNull();
  await page.route("**/v1/calls/**", (route) => route.abort("internetdisconnected"));
  await widget.getByRole("button", { name: "Hang up" }).click();
  await expect(widget.getByRole("heading", { name: "Call ended" })).toBeVisible({ timeout: 6000 });
  const away = Date.now() + 10_000;
  await until("HTTP was away for 10 s", () => Date.now() > away, 12_000);
  await page.unroute("**/v1/calls/**");
  const delivered = await shop.sink.waitFor("call_ended");
  expect(delivered.event.data).toMatchObject({ reason: "user_hangup" });
  const told = await messageNamed(page, "call_ended");
  expect(told.data.id).toBe(delivered.id);
  expect(shop.sink.received.map(({ event }) => event.name)).not.toContain("call_error");
});

test("UDP that is blocked in the call falls to TCP, and both sides are heard again", async ({
  page,
  shop,
}) => {
  const widget = await shop.open(page);
  await call(widget);
  expect(await hear(widget, TONE)).not.toBeNull();
  const mend = cutUdp(shop.server.mediaPort);
  try {
    await expect(widget.getByRole("heading", { name: "Reconnecting…" })).toBeVisible({
      timeout: 15_000,
    });
    await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible({
      timeout: 20_000,
    });
    expect(await hear(widget, TONE), "the tone comes back by TCP").not.toBeNull();
    await widget.getByRole("button", { name: "Hang up" }).click();
    const ended = await messageNamed(page, "call_ended");
    expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });
  } finally {
    mend();
  }
});

test("10 s without any network are survived", async ({ page, context, shop }) => {
  const widget = await shop.open(page);
  await call(widget);
  expect(await hear(widget, TONE)).not.toBeNull();
  const mend = cutPort(shop.server.mediaPort);
  await context.setOffline(true);
  try {
    const until10 = Date.now() + 10_000;
    await until("10 s have passed", () => Date.now() > until10, 12_000);
  } finally {
    mend();
    await context.setOffline(false);
  }
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible({ timeout: 12_000 });
  expect(await hear(widget, TONE), "the tone is back").not.toBeNull();
  await widget.getByRole("button", { name: "Hang up" }).click();
  const ended = await messageNamed(page, "call_ended");
  expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });
});
