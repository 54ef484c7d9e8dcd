/** What a page can do to a call by the loader's handle: consent, context, session, state, and its end. */

import { expect, type Frame, type Page } from "@playwright/test";

import { shopPage, tag, widgetFrame } from "../../support/loader.ts";
import { messageNamed, messages, type Shop, test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

interface Handle {
  readonly state: { readonly name: string; readonly muted: boolean; readonly seconds: number };
  on(name: string, handler: (event: never) => unknown): () => void;
  open(): void;
  call(): void;
  hangup(): void;
  mute(muted?: boolean): void;
  setContext(patch: object): { readonly ok: boolean; readonly reason?: string };
  setTheme(theme: string): void;
  setLanguage(language: string): void;
  destroy(): void;
}

interface Spied {
  handle: Handle;
  states: string[];
}

/** A page with the loader; its script gets `mount`, for a floating button, and runs at once. */
async function openWith(page: Page, shop: Shop, script: string): Promise<void> {
  const options = JSON.stringify({ app: shop.appId, key: shop.key, context: { orderId: "A-1" } });
  shop.host.html = shopPage(
    `<script src="${shop.server.url}/embed.js"></script>
     <script>mount = (more) => window.handle = Bellpush.mount(null, { ...${options}, ...more });
       ${script}</script>`,
  );
  await page.goto(shop.host.origin);
}

/** Does something with the handle. */
async function withHandle<T>(page: Page, run: (handle: Handle) => T): Promise<T> {
  const held = await page.evaluateHandle(() => (window as unknown as Spied).handle);
  return held.evaluate(run);
}

async function connected(widget: Frame): Promise<void> {
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
}

test("a handler that says no keeps the call from being made, and leaves the button as it was", async ({
  page,
  shop,
}) => {
  await openWith(
    page,
    shop,
    `mount().on("beforecall", async () => { await 0; window.asked = true; return false; });`,
  );
  await withHandle(page, (handle) => handle.call());
  await until("the page was asked", () =>
    page.evaluate(() => (window as unknown as { asked?: boolean }).asked === true),
  );
  const widget = await widgetFrame(page, shop);
  await expect(widget.getByRole("button", { name: "Call now" })).toBeVisible();
  const names = (await messages(page)).map(({ data }) => data.event?.name);
  expect(names).toEqual(["widget_loaded"]);
});

test("nobody has to answer the survey before the next call, asked for by the page or pressed", async ({
  page,
  shop,
}) => {
  await openWith(page, shop, "mount()");
  const survey = async () => {
    const widget = await widgetFrame(page, shop);
    await connected(widget);
    await withHandle(page, (handle) => handle.hangup());
    await expect(widget.getByRole("heading", { name: "How did we do?" })).toBeVisible();
    return widget;
  };
  await withHandle(page, (handle) => handle.call());
  await survey();
  await withHandle(page, (handle) => handle.call());
  const widget = await survey();
  await widget.getByRole("button", { name: "Call again" }).click();
  await widget.getByRole("button", { name: "Call now" }).click();
  await connected(widget);
  const names = (await messages(page)).map(({ data }) => data.event?.name);
  expect(names.filter((name) => name === "call_started")).toHaveLength(3);
  expect(names).not.toContain("survey_submitted");
});

test("a handler adds context and form values to the call, and the next handler sees them", async ({
  page,
  shop,
}) => {
  await openWith(
    page,
    shop,
    `const handle = mount();
     handle.on("beforecall", async () => ({
       context: { tier: "gold", orderId: null }, formValues: { name: "Ann" },
     }));
     handle.on("beforecall", ({ context }) => ({ context: { seen: Object.keys(context).join() } }));
     handle.on("beforecall", () => undefined);`,
  );
  await withHandle(page, (handle) => handle.call());
  const started = await shop.sink.waitFor("call_started");
  expect(started.event.data).toMatchObject({
    context: { tier: "gold", seen: "tier" },
    hasFormValues: true,
  });
  expect(Object.keys(started.event.data["context"] as object)).not.toContain("orderId");
  await withHandle(page, (handle) => handle.hangup());
  await shop.sink.waitFor("call_ended");
});

test("a handler that fails keeps the call from being made", async ({ page, shop }) => {
  await openWith(page, shop, `mount().on("beforecall", () => { throw new Error("on purpose"); });`);
  const said = page.waitForEvent("console", (message) => message.text().includes("on purpose"));
  await withHandle(page, (handle) => handle.call());
  await said;
  const widget = await widgetFrame(page, shop);
  await expect(widget.getByRole("button", { name: "Call now" })).toBeVisible();
  expect((await messages(page)).map(({ data }) => data.event?.name)).toEqual(["widget_loaded"]);
});

test("a session is asked for when the call is made, and brings its context", async ({
  page,
  shop,
}) => {
  const { token } = await shop.server.api<{ token: string }>("POST", "/v1/sessions", {
    appId: shop.appId,
    origin: shop.host.origin,
    context: { customer: "C-9" },
  });
  await openWith(
    page,
    shop,
    `mount({ session: async () => { window.times = (window.times ?? 0) + 1; return ${JSON.stringify(token)}; } });`,
  );
  await withHandle(page, (handle) => handle.call());
  const started = await shop.sink.waitFor("call_started");
  expect(started.event.data["context"]).toEqual({ customer: "C-9" });
  expect(await page.evaluate(() => (window as unknown as { times: number }).times)).toBe(1);
  await withHandle(page, (handle) => handle.hangup());
  await shop.sink.waitFor("call_ended");
});

test("a session function without a session is an error that the visitor sees", async ({
  page,
  shop,
}) => {
  await openWith(page, shop, `mount({ session: () => Promise.reject(new Error("signed out")) });`);
  await withHandle(page, (handle) => handle.call());
  const failed = await messageNamed(page, "call_error");
  expect(failed.data.event.data).toMatchObject({ errorCode: "session_expired" });
});

test("the context can be changed until a call starts, and then says why not", async ({
  page,
  shop,
}) => {
  await openWith(page, shop, "mount();");
  expect(await withHandle(page, (handle) => handle.setContext({ early: "1" }))).toEqual({ ok: true });
  await withHandle(page, (handle) => handle.open());
  await messageNamed(page, "widget_loaded");
  expect(
    await withHandle(page, (handle) => handle.setContext({ orderId: "A-2", early: null, late: "2" })),
  ).toEqual({ ok: true });
  expect(await withHandle(page, (handle) => handle.setContext({ orderId: 5 }))).toMatchObject({
    ok: false,
  });
  await withHandle(page, (handle) => handle.call());
  const started = await shop.sink.waitFor("call_started");
  expect(started.event.data["context"]).toEqual({ orderId: "A-2", late: "2" });
  await until("the handle knows of the call", () =>
    withHandle(page, (handle) => handle.state.name === "calling"),
  );
  expect(await withHandle(page, (handle) => handle.setContext({ orderId: "A-3" }))).toEqual({
    ok: false,
    reason: "a call is going on",
  });
  await withHandle(page, (handle) => handle.hangup());
  const ended = await shop.sink.waitFor("call_ended");
  expect(ended.event.data["context"]).toEqual({ orderId: "A-2", late: "2" });
  // What follows the call belongs to it still.
  expect(await withHandle(page, (handle) => handle.setContext({ orderId: "A-3" }))).toEqual({ ok: true });
});

test("the state is told at each change, and can be read; mute holds", async ({ page, shop }) => {
  await openWith(
    page,
    shop,
    `window.states = [];
     mount().on("state", ({ name, phase }) => states.push(phase === null ? name : phase));`,
  );
  await withHandle(page, (handle) => handle.call());
  const widget = await widgetFrame(page, shop);
  await connected(widget);
  await withHandle(page, (handle) => handle.mute());
  await until("the call is muted", () => withHandle(page, ({ state }) => state.muted));
  await expect(widget.getByRole("button", { name: "Unmute" })).toBeVisible();
  await withHandle(page, (handle) => handle.mute(false));
  await until("it is not muted any more", () => withHandle(page, ({ state }) => !state.muted));
  await until("seconds go by", () => withHandle(page, ({ state }) => state.seconds >= 1));
  await withHandle(page, (handle) => handle.hangup());
  await until("it is over", () => withHandle(page, ({ state }) => state.name === "ended"));
  const states = await page.evaluate(() => (window as unknown as Spied).states);
  const steps = states.filter((step, index) => step !== states[index - 1]);
  expect(steps.slice(0, 2)).toEqual(["idle", "requesting"]);
  expect(steps).toContain("connected");
  expect(steps.at(-1)).toBe("ended");
});

test("theme and language change in the widget that is there", async ({ page, shop }) => {
  await openWith(page, shop, "mount();");
  await withHandle(page, (handle) => handle.open());
  const widget = await widgetFrame(page, shop);
  await messageNamed(page, "widget_loaded");
  await withHandle(page, (handle) => handle.setTheme("dark"));
  await expect(widget.locator("html")).toHaveAttribute("data-theme", "dark");
  await withHandle(page, (handle) => handle.setLanguage("fr"));
  await expect(page.getByRole("dialog", { name: "Appelez-nous" })).toBeVisible();
  const names = (await messages(page)).map(({ data }) => data.event?.name);
  expect(names.filter((name) => name === "widget_loaded"), "it is the same widget").toHaveLength(1);
});

test("Escape in the widget closes the panel", async ({ page, shop }) => {
  await openWith(page, shop, "mount();");
  await page.getByRole("button", { name: "Call us" }).click();
  const widget = await widgetFrame(page, shop);
  await widget.getByRole("button", { name: "Call now" }).focus();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Call us" })).toBeHidden();
});

test("destroy ends a call at once, and takes everything away", async ({ page, shop }) => {
  await openWith(page, shop, "mount();");
  await withHandle(page, (handle) => handle.call());
  await connected(await widgetFrame(page, shop));
  const from = Date.now();
  await withHandle(page, (handle) => handle.destroy());
  const ended = await shop.sink.waitFor("call_ended");
  expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
  expect(Date.now() - from, "it does not wait for a next page").toBeLessThan(6_000);
  await until("nothing is left", () =>
    page.evaluate(
      () => window.length === 0 && document.querySelector("bellpush-button") === null,
    ),
  );
});

test("a live call in a place of the body goes on after the body is replaced", async ({
  page,
  shop,
}) => {
  const place = `<div id="call" style="inline-size:380px"></div>`;
  shop.host.html = shopPage(tag(shop, { "data-mount": "#call" }), place);
  await page.goto(shop.host.origin);
  const before = await widgetFrame(page, shop);
  await before.getByRole("button", { name: "Call now" }).click();
  await connected(before);
  await page.evaluate((html) => {
    const body = document.createElement("body");
    body.innerHTML = html;
    document.body.replaceWith(body);
  }, place);
  const after = await until("another frame is there", () =>
    page.frames().find((frame) => frame !== before && frame.url().includes("/w/")),
  );
  await connected(after);
  await after.getByRole("button", { name: "Hang up" }).click();
  await shop.sink.waitFor("call_ended");
  const started = shop.sink.received.filter(({ event }) => event.name === "call_started");
  expect(started, "it is the same call").toHaveLength(1);
});

test("a live call in the panel goes on at the next page of the site", async ({ page, shop }) => {
  shop.host.html = shopPage(tag(shop));
  await page.goto(shop.host.origin);
  await page.getByRole("button", { name: "Call us" }).click();
  const before = await widgetFrame(page, shop);
  await before.getByRole("button", { name: "Call now" }).click();
  await connected(before);
  await page.goto(`${shop.host.origin}/next`);
  await expect(page.getByRole("dialog", { name: "Call us" })).toBeVisible();
  const after = await widgetFrame(page, shop);
  await connected(after);
  await after.getByRole("button", { name: "Hang up" }).click();
  await shop.sink.waitFor("call_ended");
  const started = shop.sink.received.filter(({ event }) => event.name === "call_started");
  expect(started, "it is the same call").toHaveLength(1);
  await page.goto(`${shop.host.origin}/last`);
  await page.getByRole("button", { name: "Call us" }).waitFor();
  await expect(page.getByRole("dialog", { name: "Call us" })).toBeHidden();
});
