/** A visitor asks to be called back: from the fields to the event, the webhook and the record. */

import { expect } from "@playwright/test";

import { violations } from "../../support/axe.ts";
import { call } from "../../support/call.ts";
import { design, publish } from "../../support/design.ts";
import { messageNamed, test } from "../../support/shop.ts";

const CLOSED = design({
  closed: [
    { type: "heading", text: "closed.title" },
    { type: "hours" },
    { type: "callback", contact: "either", askTime: true },
  ],
  error: [
    { type: "heading", text: "error.title" },
    { type: "paragraph", text: "error.message" },
    { type: "call", label: "error.retry" },
    { type: "callback", contact: "phone" },
  ],
});
const NEVER = { timeZone: "UTC" };

interface Requests {
  readonly items: readonly { readonly id: string; readonly formValues: Record<string, string> }[];
}

test("outside business hours a visitor asks to be called back", async ({ page, shop }) => {
  await publish(shop, CLOSED);
  await shop.change({ hours: NEVER });
  const widget = await shop.open(page);
  await expect(widget.getByRole("heading", { name: "We are closed right now" })).toBeVisible();
  const ask = widget.getByRole("button", { name: "Ask for a call" });
  await ask.click();
  const phone = widget.getByRole("textbox", { name: "Phone number" });
  await expect(phone).toBeFocused();
  await expect(phone).toHaveAccessibleDescription("Give us a phone number or an e-mail address.");
  expect(await violations(widget), "with a fault").toEqual([]);
  await phone.fill("call me");
  await ask.click();
  await expect(phone).toHaveAccessibleDescription("Write a phone number like +1 555 0100.");
  await phone.fill("+1 555 0100");
  await widget.getByRole("textbox", { name: "When does it suit you?" }).fill("After six");
  await ask.click();
  const thanks = widget.getByText("We will get back to you.");
  await expect(thanks).toBeVisible();
  expect(await violations(widget), "the thanks").toEqual([]);

  const told = await messageNamed(page, "callback_requested");
  expect(told.data.event.data).toMatchObject({ reason: "closed", context: { orderId: "A-12345" } });
  const delivered = await shop.sink.waitFor("callback_requested");
  expect(delivered).toMatchObject({ id: told.data.id, event: told.data.event });
  expect(JSON.stringify(delivered.event)).not.toContain("555");
  const { items } = await shop.server.api<Requests>("GET", `/v1/apps/${shop.appId}/callbacks`);
  expect(items).toMatchObject([
    {
      id: told.data.event.data["requestId"],
      formValues: { phone: "+1 555 0100", time: "After six" },
    },
  ]);
});

test("one who was in a call asks, though the page's context is another one by then", async ({
  page,
  shop,
}) => {
  await publish(
    shop,
    design({
      ended: [{ type: "heading", text: "ended.title" }, { type: "callback", contact: "phone" }],
    }),
  );
  const widget = await shop.open(page);
  await call(widget);
  await widget.getByRole("button", { name: "Hang up" }).click();
  await widget.getByRole("textbox", { name: "Phone number" }).fill("+1 555 0100");
  await page.evaluate((server) => {
    const told = { source: "bellpush", version: 1, command: "context", patch: { orderId: "B-1" } };
    window.frames[0]?.postMessage(told, server);
  }, shop.server.url);
  await widget.getByRole("button", { name: "Ask for a call" }).click();
  await expect(widget.getByText("We will get back to you.")).toBeVisible();
  const told = await messageNamed(page, "callback_requested");
  const ended = await messageNamed(page, "call_ended");
  const { callId, context } = told.data.event.data;
  expect(callId).toBe(ended.data.event.data["callId"]);
  expect(context).toMatchObject({ orderId: "A-12345" });
});

test("after a call that failed, and where it can't be sent, it is said in words", async ({
  page,
  shop,
}) => {
  await publish(shop, CLOSED);
  const widget = await shop.open(page);
  await page.route(`${shop.server.url}/v1/calls`, (route) => route.abort());
  await widget.getByRole("button", { name: "Call now" }).click();
  const phone = widget.getByRole("textbox", { name: "Phone number" });
  await phone.fill("+1 555 0100");
  const ask = widget.getByRole("button", { name: "Ask for a call" });
  await page.route(`${shop.server.url}/v1/widget/callbacks`, (route) => route.abort());
  await ask.click();
  await expect(widget.getByText("This could not be sent.")).toBeVisible();
  await page.unroute(`${shop.server.url}/v1/widget/callbacks`);
  await expect(phone).toHaveValue("+1 555 0100");
  await ask.click();
  await expect(widget.getByText("We will get back to you.")).toBeVisible();
  const told = await messageNamed(page, "callback_requested");
  expect(told.data.event.data).toMatchObject({ reason: "unreachable" });
});
