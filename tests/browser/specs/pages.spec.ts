/** A call goes with its visitor: to the next page, back again, and into another tab. */

import { expect, type Page } from "@playwright/test";

import { call, sentLevel } from "../support/call.ts";
import { hear, spyOnPeers } from "../support/media.ts";
import { messageNamed, messages, type Shop, states, test } from "../support/shop.ts";
import { TONE } from "../support/tone.ts";
import { until } from "../support/until.ts";

test.beforeEach(async ({ context }) => {
  await spyOnPeers(context);
});

function widgetOf(page: Page, shop: Shop): Promise<import("@playwright/test").Frame> {
  return until("the widget's frame is there", () =>
    page.frames().find((frame) => frame.url().startsWith(`${shop.server.url}/w/`)),
  );
}

function callIds(shop: Shop): Set<string> {
  return new Set<string>(
    shop.sink.received.flatMap(({ headers }) => headers["bellpush-call-id"] ?? []),
  );
}

test("a call goes on in the next page with its id, its time and its mute state", async ({
  page,
  shop,
}) => {
  const widget = await shop.open(page);
  await call(widget);
  expect(await hear(widget, TONE)).not.toBeNull();
  await widget.getByRole("button", { name: "Mute" }).click();
  await until("two seconds have passed", async () =>
    (await states(page)).some(({ seconds }) => seconds >= 2),
  );
  const before = (await states(page)).at(-1)?.seconds ?? 0;

  await page.goto(`${shop.host.origin}/another`);
  const next = await widgetOf(page, shop);
  await expect(next.getByRole("heading", { name: "Connected" })).toBeVisible();
  await expect(next.getByRole("button", { name: "Unmute" })).toBeVisible();
  const after = (await states(page)).at(-1);
  expect(after).toMatchObject({ name: "calling", muted: true });
  expect(after?.seconds).toBeGreaterThanOrEqual(before);
  expect(await sentLevel(next)).toBe(0);
  await next.getByRole("button", { name: "Unmute" }).click();
  expect(await hear(next, TONE), "the visitor is heard again").not.toBeNull();

  await next.getByRole("button", { name: "Hang up" }).click();
  const ended = await messageNamed(page, "call_ended");
  expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });
  const delivered = await shop.sink.waitFor("call_ended");
  expect(delivered.id).toBe(ended.data.id);
  expect(shop.sink.received.filter(({ event }) => event.name === "call_started")).toHaveLength(1);
  expect(callIds(shop).size).toBe(1);
  // The page of now was told of no call that began.
  expect((await messages(page)).map(({ data }) => data.event.name)).not.toContain("call_started");

  // The survey is that of the call, though another page's session began it.
  await next
    .getByRole("group", { name: "How well did you hear us?" })
    .getByRole("radio", { name: "5 of 5" })
    .check({ force: true });
  await next.getByRole("button", { name: "Send" }).click();
  await shop.sink.waitFor("survey_submitted");
});

test("a page that comes back with the back button goes on with the call", async ({ page, shop }) => {
  const widget = await shop.open(page);
  await page.goto(`${shop.host.origin}/another`);
  const next = await widgetOf(page, shop);
  await call(next);
  await page.goBack();
  const back = await widgetOf(page, shop);
  expect(back).not.toBe(widget);
  await expect(back.getByRole("heading", { name: "Connected" })).toBeVisible();
  expect(await hear(back, TONE)).not.toBeNull();
  await back.getByRole("button", { name: "Hang up" }).click();
  await shop.sink.waitFor("call_ended");
  expect(callIds(shop).size).toBe(1);
});

test("a visitor who does not come back in time has hung up", async ({ page, shop }) => {
  await shop.change({ resumeSeconds: 1 });
  const widget = await shop.open(page);
  await call(widget);
  await page.goto("about:blank");
  const ended = await shop.sink.waitFor("call_ended");
  expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
  await page.goto(shop.host.origin);
  const late = await widgetOf(page, shop);
  await expect(late.getByRole("button", { name: "Call now" })).toBeVisible();
});

test("a second tab says where the call is, and brings it over", async ({ page, context, shop }) => {
  const first = await shop.open(page);
  const other = await context.newPage();
  const second = await shop.open(other);
  await call(first);
  await expect(second.getByText("It goes on in another tab.")).toBeVisible();
  // A tab that is opened later learns of it, too.
  const third = await context.newPage();
  const late = await shop.open(third);
  await expect(late.getByText("It goes on in another tab.")).toBeVisible();

  await other.bringToFront();
  await second.getByRole("button", { name: "Bring the call here" }).click();
  await expect(second.getByRole("heading", { name: "Connected" })).toBeVisible();
  await expect(first.getByText("It goes on in another tab.")).toBeVisible();
  expect(await hear(second, TONE)).not.toBeNull();
  await expect(late.getByText("It goes on in another tab.")).toBeVisible();

  await second.getByRole("button", { name: "Hang up" }).click();
  await messageNamed(other, "call_ended");
  for (const widget of [first, late]) {
    await expect(widget.getByRole("button", { name: "Call now" })).toBeVisible();
  }
  await shop.sink.waitFor("call_ended");
  expect(callIds(shop).size).toBe(1);
});

test("a session's token leaves the address, reaches no code, and outlives a reload", async ({
  page,
  shop,
}) => {
  const { token } = await shop.server.api<{ token: string }>("POST", "/v1/sessions", {
    appId: shop.appId,
    origin: shop.host.origin,
    context: { orderId: "trusted" },
  });
  await shop.change({
    customCode: {
      head: "",
      body: `<script>c2c.on("widget_loaded", () => {
        c2c.emit("probe", { referrer: document.referrer, address: location.href });
      });</script>`,
    },
  });
  const widget = await shop.open(page, { session: token });
  await expect.poll(() => widget.evaluate(() => location.href)).not.toContain("st_");
  const probe = await messageNamed(page, "probe");
  expect(probe.data.event.data).toMatchObject({
    referrer: "",
    context: { orderId: "trusted" },
  });
  expect(JSON.stringify(probe.data.event.data)).not.toContain("st_");

  await Promise.all([
    page.waitForEvent("framenavigated", (frame) => frame.url().includes(token)),
    widget.evaluate(() => location.reload()),
  ]);
  await expect.poll(() => widget.evaluate(() => location.href)).not.toContain("st_");
  await until("the second load has the same context", async () => {
    const loaded = (await messages(page)).filter(({ data }) => data.event.name === "widget_loaded");
    return loaded.length === 2 && loaded.every(({ data }) => data.event.data.context["orderId"] === "trusted");
  });
});
