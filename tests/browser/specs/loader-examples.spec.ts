/** The pages that the documentation shows, as they stand there. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, type Page } from "@playwright/test";

import { sentences, shopPage, widgetFrame } from "../support/loader.ts";
import { messageNamed, type Shop, test } from "../support/shop.ts";
import { until } from "../support/until.ts";

const FOLDER = join(import.meta.dirname, "../../../web/embed/examples/page");

/** Opens an example with this shop's names in it; what the console says is kept. */
async function openExample(page: Page, shop: Shop, name: string): Promise<string[]> {
  const said = sentences(page);
  const example = readFileSync(join(FOLDER, `${name}.html`), "utf8")
    .replaceAll("https://calls.example.com", shop.server.url)
    .replaceAll("app_…", shop.appId)
    .replaceAll("wk_…", shop.key);
  shop.host.html = shopPage("", example);
  await page.goto(shop.host.origin);
  return said;
}

const context = async (shop: Shop) => {
  const loaded = await shop.sink.waitFor("widget_loaded");
  return loaded.event.data["context"];
};

const button = (page: Page) => page.getByRole("button", { name: "Call us" });

test("a floating button in one line", async ({ page, shop }) => {
  await openExample(page, shop, "button");
  await button(page).hover();
  expect(await context(shop)).toEqual({ orderId: "A-12345", customerTier: "gold" });
});

test("all settings in the address", async ({ page, shop }) => {
  await openExample(page, shop, "address");
  await button(page).hover();
  expect(await context(shop)).toEqual({ orderId: "A-12345" });
});

test("a widget in its place", async ({ page, shop }) => {
  await openExample(page, shop, "inline");
  await messageNamed(page, "widget_loaded");
  await expect(page.locator("#call iframe")).toHaveCount(1);
});

test("an element of the page as the trigger", async ({ page, shop }) => {
  await openExample(page, shop, "trigger");
  await page.getByRole("button", { name: "Call our shop" }).click();
  await messageNamed(page, "call_started");
});

test("calls before the loader has come", async ({ page, shop }) => {
  const said = await openExample(page, shop, "queue");
  await button(page).click();
  expect(await context(shop)).toEqual({ orderId: "A-12345" });
  const widget = await widgetFrame(page, shop);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await widget.getByRole("button", { name: "Hang up" }).click();
  const ended = await messageNamed(page, "call_ended");
  await until("the handler has said so", () => said.some((text) => text.startsWith(ended.data.id)));
});

test("a handle of a script's own", async ({ page, shop }) => {
  const said = await openExample(page, shop, "handle");
  expect(await context(shop)).toEqual({ orderId: "A-12345" });
  expect(said.filter((text) => text.includes("Bellpush"))).toEqual([]);
});

test("a handler that looks something up before a call", async ({ page, shop }) => {
  shop.host.pages["/cart.json"] = JSON.stringify({ items: 0, name: "Ann" });
  await openExample(page, shop, "beforecall");
  await button(page).click();
  const widget = await widgetFrame(page, shop);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("button", { name: "Call now" })).toBeVisible();
  shop.host.pages["/cart.json"] = JSON.stringify({ items: 3, name: "Ann" });
  await widget.getByRole("button", { name: "Call now" }).click();
  const started = await shop.sink.waitFor("call_started");
  expect(started.event.data).toMatchObject({ context: { items: "3" }, hasFormValues: true });
});

test("a session of the page's own server", async ({ page, shop }) => {
  const session = await shop.server.api<{ token: string }>("POST", "/v1/sessions", {
    appId: shop.appId,
    origin: shop.host.origin,
    context: { customer: "C-9" },
  });
  shop.host.pages["/bellpush-session"] = JSON.stringify({ token: session.token });
  await openExample(page, shop, "session");
  await button(page).click();
  const widget = await widgetFrame(page, shop);
  await widget.getByRole("button", { name: "Call now" }).click();
  const started = await shop.sink.waitFor("call_started");
  expect(started.event.data["context"]).toEqual({ customer: "C-9" });
});
