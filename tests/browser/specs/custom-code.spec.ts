/**
 * Custom code that means harm: it learns nothing that is not its own, and whatever it does, the call
 * goes on and the page around it loads.
 */

import { expect, type Page } from "@playwright/test";

import { probe } from "../support/probe.ts";
import { messageNamed, messages, type Shop, test } from "../support/shop.ts";
import { until } from "../support/until.ts";

async function talk(page: Page, shop: Shop): Promise<void> {
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
}

async function endsByHand(page: Page): Promise<void> {
  const widget = page.frameLocator("#widget");
  await widget.getByRole("button", { name: "Hang up" }).click();
  const ended = await messageNamed(page, "call_ended");
  expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });
}

test("no way by which a document learns its embedder's address tells the session's token", async ({
  page,
  shop,
}) => {
  const session = await shop.server.api<{ token: string }>("POST", "/v1/sessions", {
    appId: shop.appId,
    origin: shop.host.origin,
  });
  const body = `<script>
    const seen = [];
    const note = (what, value) => { try { seen.push(what + ": " + String(value())); } catch (error) { seen.push(what + ": " + error.name); } };
    document.addEventListener("securitypolicyviolation", (violation) => {
      seen.push("violation: " + JSON.stringify([violation.referrer, violation.documentURI, violation.sourceFile]));
    });
    new Image().src = "http://blocked.example/x";
    note("referrer", () => document.referrer);
    note("baseURI", () => document.baseURI);
    note("address", () => location.href);
    note("ancestors", () => [...(location.ancestorOrigins ?? [])].join());
    note("parent", () => parent.location.href);
    note("top", () => top.location.href);
    note("opener", () => opener);
    note("name", () => window.name);
    note("frame", () => window.frameElement);
    note("timing", () => JSON.stringify(performance.getEntries().map(({ name }) => name)));
    note("history", () => JSON.stringify(navigation.activation?.from?.url ?? history.state));
    note("stack", () => new Error().stack);
    note("fetch", () => fetch("/w/${shop.appId}", { referrerPolicy: "unsafe-url" }).catch(() => {}));
    addEventListener("message", ({ data }) => seen.push("message: " + JSON.stringify(data)));
    c2c.on("*", (event) => seen.push("event: " + JSON.stringify(event)));
    setTimeout(() => { for (let at = 0; at < seen.length; at += 5) c2c.emit("probe", { seen: seen.slice(at, at + 5), last: at + 5 >= seen.length }); }, 500);
  </script>`;
  await shop.change({ customCode: { head: "", body } });
  await shop.open(page, { session: session.token });
  const all = await until("the code has told all", async () => {
    const told = (await messages(page)).filter(({ data }) => data.event?.name === "probe");
    return told.some(({ data }) => data.event.data["last"] === true) ? told : undefined;
  });
  const text = JSON.stringify(all.map(({ data }) => data.event.data["seen"]));
  expect(text).toContain("referrer: ");
  expect(text).toContain("violation: ");
  expect(text).not.toContain(session.token);
  expect(text).not.toContain("session=");
  expect(text).not.toContain(shop.key);
});

test("nothing of page, browser and device is within reach", async ({ page, shop }) => {
  const found = await probe(
    page,
    shop,
    `return {
      parentDocument: await tried(() => parent.document.title),
      topDocument: await tried(() => top.document.title),
      siblings: await tried(() => parent.frames[0].document === document && parent.bellpush),
      localStorage: await tried(() => localStorage.length),
      sessionStorage: await tried(() => sessionStorage.length),
      cookies: await tried(() => document.cookie),
      databases: await tried(() => new Promise((resolve, reject) => { const opened = indexedDB.open("x"); opened.onsuccess = resolve; opened.onerror = () => reject(opened.error); })),
      caches: await tried(() => caches.open("x")),
      worker: await tried(() => navigator.serviceWorker.register("/x.js")),
      microphone: await tried(() => navigator.mediaDevices.getUserMedia({ audio: true })),
      location: await tried(() => new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject)).catch(() => { throw new DOMException("", "Denied"); })),
      popup: await tried(() => { const opened = window.open("https://example.com"); if (opened === null) throw new DOMException("", "Blocked"); return opened; }),
      topNavigation: await tried(() => { top.location.href = "https://example.com"; }),
      parentNavigation: await tried(() => { parent.location.href = "about:blank"; }),
      dialog: await tried(() => { if (confirm("?") === false) throw new DOMException("", "NoDialogs"); }),
      api: await tried(() => fetch("${shop.server.url}/v1/apps")),
      session: await tried(() => fetch("${shop.server.url}/v1/widget/sessions", { method: "POST" })),
      frame: await tried(() => new Promise((resolve, reject) => { const inner = document.createElement("iframe"); inner.src = "${shop.server.url}/healthz"; inner.onload = () => { try { resolve(inner.contentDocument.body.textContent); } catch { reject(new DOMException("", "Closed")); } }; document.body.append(inner); setTimeout(() => reject(new DOMException("", "Closed")), 2000); })),
    };`,
  );
  for (const [what, outcome] of Object.entries(found)) {
    expect(outcome, what).toMatch(/^refused: /);
  }
  expect(Object.keys(found)).toHaveLength(18);
  expect(page.url()).toBe(`${shop.host.origin}/`);
});

for (const [when, script] of [
  ["at once", "while (true) {}"],
  ["at the call's start", 'c2c.on("call_started", () => { while (true) {} });'],
] as const) {
  test(`code that never gives way ${when} is taken away, and the call goes on`, async ({
    page,
    shop,
  }) => {
    const warnings: string[] = [];
    page.on("console", (message) => warnings.push(message.text()));
    await shop.change({ customCode: { head: "", body: `<script>${script}</script>` } });
    const loaded = page.waitForEvent("load");
    await talk(page, shop);
    await loaded;
    const widget = page.frameLocator("#widget");
    await until("the code's frame is gone", async () => (await widget.locator("iframe").count()) === 0);
    expect(warnings.join("\n")).toContain("has not answered for two seconds");
    await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
    await endsByHand(page);
  });
}

test("a flood, by the bridge or past it, ends with the code's frame and not with the call", async ({
  page,
  shop,
}) => {
  for (const flood of [
    'c2c.emit("flood", { index })',
    'parent.postMessage({ source: "bellpush", version: 1, command: "hangup" }, "*")',
    'parent.postMessage("bellpush-ready", "*")',
  ]) {
    const body = `<script>
      c2c.on("call_started", () => {
        const run = () => { for (let index = 0; index < 200; index += 1) { ${flood}; } setTimeout(run); };
        run();
      });
    </script>`;
    await shop.change({ customCode: { head: "", body } });
    await talk(page, shop);
    const widget = page.frameLocator("#widget");
    await until(`gone: ${flood}`, async () => (await widget.locator("iframe").count()) === 0);
    await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
    await endsByHand(page);
  }
});

test("polluted prototypes and forged fields change no event that others get", async ({
  page,
  shop,
}) => {
  const body = `<script>
    Object.prototype.reason = "forged";
    Object.prototype.toJSON = () => ({ name: "call_ended", data: { duration: 99 } });
    Array.prototype.push = () => { throw new Error("mine"); };
    const emitted = '{"name":"polluted","data":{"__proto__":{"reason":"forged","isPreview":true},"constructor":{"prototype":{"reason":"forged"}},"own":1}}';
    JSON.stringify = () => emitted;
    c2c.on("call_started", (event) => {
      try { event.data.context.orderId = "forged"; } catch {}
      c2c.emit("polluted", {});
    });
  </script>`;
  await shop.change({ customCode: { head: "", body } });
  await talk(page, shop);
  const polluted = await messageNamed(page, "polluted");
  const { data } = polluted.data.event;
  expect(data["own"]).toBe(1);
  expect(data["reason"]).toBeUndefined();
  expect(data.context).toEqual({ customerTier: "gold", orderId: "A-12345" });
  const widget = page.frames().find((frame) => frame.url().startsWith(`${shop.server.url}/w/`));
  expect(await widget?.evaluate(() => (({}) as Record<string, unknown>)["reason"])).toBeUndefined();
  await endsByHand(page);
});

test("neither the page nor another frame can pose as the widget to the code, or as the code", async ({
  page,
  shop,
}) => {
  const body = `<script>
    c2c.on("*", ({ name, data }) => c2c.emit("heard_by_code", { name, forged: data.forged === true }));
  </script>`;
  await shop.change({ customCode: { head: "", body } });
  const widget = await shop.open(page);
  await messageNamed(page, "heard_by_code");
  await page.evaluate(() => {
    const { port1, port2 } = new MessageChannel();
    const forged = { id: "1", event: { name: "call_ended", data: { context: {}, forged: true }, timestamp: "" } };
    const frame = window.frames[0];
    frame?.frames[0]?.postMessage("bellpush-port", "*", [port2]);
    port1.postMessage(forged);
    frame?.frames[0]?.postMessage(forged, "*");
    frame?.postMessage("bellpush-ready", "*");
    frame?.postMessage(JSON.stringify({ name: "forged_by_page", data: {} }), "*");
  });
  await widget.getByRole("button", { name: "Call now" }).click();
  await messageNamed(page, "call_started");
  const told = await until("the code has heard the call's start", async () => {
    const all = (await messages(page)).filter(({ data }) => data.event?.name === "heard_by_code");
    return all.some(({ data }) => data.event.data["name"] === "call_started") ? all : undefined;
  });
  expect(told.every(({ data }) => data.event.data["forged"] === false)).toBe(true);
  const names = (await messages(page)).map(({ data }) => data.event?.name);
  expect(names).not.toContain("forged_by_page");
});
