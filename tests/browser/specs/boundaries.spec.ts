/** What hostile pages and hostile custom code try, in a real browser. */

import { expect } from "@playwright/test";

import { embeddingPage, startHost } from "../support/host.ts";
import { messageNamed, messages, test } from "../support/shop.ts";
import { until } from "../support/until.ts";

test("a page that is not allowed can't embed the widget", async ({ page, shop }) => {
  const stranger = await startHost();
  stranger.html = embeddingPage(shop.widgetUrl({ origin: shop.host.origin }));
  const refused = page.waitForEvent("console", (message) =>
    message.text().includes("frame-ancestors"),
  );
  await page.goto(stranger.origin);
  expect((await refused).text()).toContain("frame-ancestors");
  const inside = page.frames().map((frame) => frame.url());
  expect(inside.some((url) => url.startsWith(`${shop.server.url}/w/`))).toBe(false);
  expect(await messages(page)).toEqual([]);
  stranger.stop();
});

test("a page of another site can't use a session token it got hold of", async ({ page, shop }) => {
  const { token } = await shop.server.api<{ token: string }>("POST", "/v1/sessions", {
    appId: shop.appId,
    origin: shop.host.origin,
    context: {},
  });
  await page.goto(shop.host.origin);
  const outcome = await page.evaluate(
    async ({ url, token }) => {
      const now = Date.now().toString(16).padStart(12, "0");
      const simple = await fetch(`${url}/v1/widget/events`, {
        method: "POST",
        mode: "no-cors",
        body: JSON.stringify({
          token,
          events: [
            {
              id: `${now.slice(0, 8)}-${now.slice(8)}-7000-8000-000000000001`,
              event: { name: "forged", data: { context: {} }, timestamp: new Date().toISOString() },
            },
          ],
        }),
      }).then((answer) => answer.type);
      const readable = await fetch(`${url}/v1/widget/sessions/refresh`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
      }).then(
        (answer) => `answered ${answer.status}`,
        () => "refused by the browser",
      );
      return { simple, readable };
    },
    { url: shop.server.url, token },
  );
  expect(outcome.readable).toBe("refused by the browser");
  type Events = { items: { event: { name: string } }[] };
  const { items } = await shop.server.api<Events>("GET", `/v1/apps/${shop.appId}/events`);
  expect(items.map(({ event }) => event.name)).not.toContain("forged");
});

test("a command from a frame that is not the parent is not obeyed", async ({ page, shop }) => {
  const widget = await shop.open(page);
  await widget.evaluate(() => {
    const spied = window as unknown as { commandsFrom: string[] };
    spied.commandsFrom = [];
    window.addEventListener("message", ({ data, origin }) => {
      if (data?.command === "call") spied.commandsFrom.push(origin);
    });
  });
  const commandsFrom = () =>
    widget.evaluate(() => (window as unknown as { commandsFrom: string[] }).commandsFrom);
  await page.evaluate((url) => {
    const frame = document.createElement("iframe");
    frame.srcdoc = `<script>
      parent.frames[0].postMessage({ source: "bellpush", version: 1, command: "call" }, "${url}");
    </script>`;
    frame.sandbox.add("allow-scripts");
    document.body.append(frame);
  }, shop.server.url);
  await until("the command arrives", async () => (await commandsFrom()).includes("null"));
  await expect(widget.getByRole("button", { name: "Call now" })).toBeVisible();

  // The same command from the parent is.
  await page.evaluate((url) => {
    window.frames[0]?.postMessage({ source: "bellpush", version: 1, command: "call" }, url);
  }, shop.server.url);
  await messageNamed(page, "call_started");
});

test("custom code reaches nothing but its bridge", async ({ page, shop }) => {
  const hostile = `<script>
    const attempt = async (act) => {
      try { return "reached: " + String(await act()); } catch (error) { return error.name; }
    };
    (async () => {
      const found = {
        parentDocument: await attempt(() => parent.document.title),
        topNavigation: await attempt(() => { top.location = "about:blank"; }),
        storage: await attempt(() => localStorage.length),
        cookies: await attempt(() => document.cookie),
        microphone: await attempt(() => navigator.mediaDevices.getUserMedia({ audio: true })),
        api: await attempt(() => fetch("${"${origin}"}/v1/apps")),
        popup: await attempt(() => window.open("https://example.com") ?? (() => { throw new DOMException("", "Blocked"); })()),
        origin: String(self.origin),
      };
      c2c.emit("probe", found);
    })();
  </script>`.replace("${origin}", shop.server.url);
  await shop.change({ customCode: { head: "", body: hostile } });
  await shop.open(page);
  const probe = await messageNamed(page, "probe");
  const { context: _, ...found } = probe.data.event.data;
  expect(found["origin"]).toBe("null");
  for (const [what, outcome] of Object.entries(found)) {
    if (what === "origin") continue;
    expect(outcome, what).not.toContain("reached");
  }
  expect(page.url()).toBe(`${shop.host.origin}/`);
});

test("custom code that throws, floods or forges does no harm to a call", async ({ page, shop }) => {
  const hostile = `<script>
    c2c.on("*", () => { throw new Error("on purpose"); });
    c2c.on("call_started", () => {
      for (let index = 0; index < 500; index += 1) c2c.emit("flood", { index });
      try { c2c.emit("call_ended", { duration: 1, reason: "user_hangup" }); } catch {}
      try { c2c.emit("Bad Name", {}); } catch {}
      try { c2c.emit("large", { text: "x".repeat(9000) }); } catch {}
      parent.postMessage({ source: "bellpush", version: 1, command: "hangup" }, "*");
      top.postMessage({ source: "bellpush", version: 1, id: "forged", event: { name: "call_ended" } }, "*");
    });
  </script>`;
  await shop.change({ customCode: { head: "", body: hostile } });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await until("the flood has come to its limit", async () =>
    (await messages(page)).some(({ data }) => data.event?.name === "flood"),
  );
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  const fromWidget = (await messages(page)).filter(({ origin }) => origin === shop.server.url);
  const names = fromWidget.map(({ data }) => data.event.name);
  expect(names).not.toContain("call_ended");
  expect(names).not.toContain("Bad Name");
  expect(names).not.toContain("large");
  expect(names.filter((name) => name === "flood").length).toBeLessThan(60);
  await widget.getByRole("button", { name: "Hang up" }).click();
  const ended = await until("the real end arrives", async () =>
    (await messages(page)).find(
      ({ origin, data }) => origin === shop.server.url && data.event.name === "call_ended",
    ),
  );
  expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });
});

test("markup that gets into the widget runs nothing and reaches nobody", async ({ page, shop }) => {
  const widget = await shop.open(page);
  await widget.evaluate((elsewhere) => {
    const spied = window as unknown as { hacked: string[]; blocked: string[] };
    spied.hacked = [];
    spied.blocked = [];
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
      spied.blocked.push(effectiveDirective);
    });
    const hack = (how: string) => `window.hacked.push('${how}')`;
    const holder = document.createElement("div");
    holder.innerHTML = `
      <script>${hack("script")}</script>
      <img src="${elsewhere}/pixel" onerror="${hack("handler")}">
      <a href="javascript:${hack("link")}">link</a>
      <form action="${elsewhere}"><button>send</button></form>`;
    document.body.append(holder);
    holder.querySelector("a")?.click();
    holder.querySelector("button")?.click();
    window.setTimeout(hack("text as code"));
    fetch(elsewhere, { mode: "no-cors" }).then(
      () => spied.hacked.push("fetch"),
      () => {},
    );
  }, "https://elsewhere.example");
  const spied = (what: "hacked" | "blocked") =>
    widget.evaluate((what) => (window as unknown as Record<string, string[]>)[what] ?? [], what);
  const attempts = ["connect-src", "form-action", "img-src", "script-src-attr", "script-src-elem"];
  await until("all of it is blocked", async () => {
    const blocked = await spied("blocked");
    return attempts.every((directive) => blocked.includes(directive));
  });
  expect(await spied("hacked")).toEqual([]);
});

test("a preview says so and reaches no integration", async ({ page, shop }) => {
  // A preview belongs to the server's own pages: any page of its origin stands for them.
  await page.goto(`${shop.server.url}/healthz`);
  const { token } = await shop.server.api<{ token: string }>(
    "POST",
    `/v1/apps/${shop.appId}/preview-tokens`,
  );
  await page.setContent(embeddingPage(shop.widgetUrl({ preview: token })));
  const loaded = await messageNamed(page, "widget_loaded");
  expect(loaded.data.event.data).toMatchObject({ isPreview: true });
  type Events = { items: { id: string; preview: boolean }[] };
  await until("the log has the event", async () => {
    const { items } = await shop.server.api<Events>("GET", `/v1/apps/${shop.appId}/events`);
    return items.some(({ id, preview }) => preview && id === loaded.data.id);
  });
  const widget = await shop.open(page);
  await shop.sink.waitFor("widget_loaded");
  expect(shop.sink.received.map(({ id }) => id)).not.toContain(loaded.data.id);
  expect(widget.url()).not.toContain("preview");
});

test("a context over its limits shows an error that names the key", async ({ page, shop }) => {
  shop.host.html = embeddingPage(shop.widgetUrl({ "1st": "x" }));
  await page.goto(shop.host.origin);
  const frame = page.frameLocator("#widget");
  await expect(frame.getByRole("alert")).toContainText('"1st"');
  expect(await messages(page)).toEqual([]);
});
