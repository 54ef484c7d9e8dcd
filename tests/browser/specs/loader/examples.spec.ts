/** The pages that the documentation shows, as they stand there. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, type Page } from "@playwright/test";

import { sentences, shopPage, widgetFrame } from "../../support/loader.ts";
import { messageNamed, type Shop, test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

const FOLDER = join(import.meta.dirname, "../../../../web/embed/examples");

/** An example with this shop's names in it. */
function read(shop: Shop, name: string): string {
  return readFileSync(join(FOLDER, name), "utf8")
    .replaceAll("https://calls.example.com", shop.server.url)
    .replaceAll("app_…", shop.appId)
    .replaceAll("wk_…", shop.key);
}

/** Opens examples in one page; what the console says is kept. */
async function openExample(page: Page, shop: Shop, ...names: string[]): Promise<string[]> {
  const said = sentences(page);
  shop.host.html = shopPage("", names.map((name) => read(shop, `page/${name}.html`)).join(""));
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

test("an iframe, its messages, and a command", async ({ page, shop }) => {
  const said = await openExample(page, shop, "iframe", "messages", "command");
  expect(await context(shop)).toEqual({ orderId: "A-12345", customerTier: "gold" });
  await page.getByRole("button", { name: "Call our shop" }).click();
  const widget = await widgetFrame(page, shop);
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await widget.getByRole("button", { name: "Hang up" }).click();
  const { id } = await shop.sink.waitFor("call_ended");
  await until("the event is said", () => said.some((text) => text.startsWith(`${id} call_ended`)));
  await until("the state is said", () =>
    said.some((text) => text.startsWith("calling connected false false")),
  );
});

test("a call in a page with both of the policies", async ({ page, shop }) => {
  shop.host.headers = Object.fromEntries(
    ["content-security-policy", "permissions-policy"].map((name) => {
      const [, value = ""] = /^[\w-]+: (.*)$/m.exec(read(shop, `policies/${name}.txt`)) ?? [];
      return [name, value];
    }),
  );
  shop.host.html = `<!doctype html><title>Shop</title>${read(shop, "page/button.html")}`;
  await page.goto(shop.host.origin);
  await button(page).click();
  const widget = await widgetFrame(page, shop);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
});

test("custom code that tells of short calls", async ({ page, shop }) => {
  await shop.change({ customCode: { head: "", body: read(shop, "code/short-call.html") } });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await widget.getByRole("button", { name: "Hang up" }).click();
  const told = await messageNamed(page, "short_call");
  expect(told.data.event.data).toMatchObject({ order: "A-12345" });
});
