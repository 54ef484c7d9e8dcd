/** What real pages do to a widget: replace the page under it, restyle it, forbid it, and forget it. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { expect, type Page } from "@playwright/test";

import {
  attributes,
  buttonBox,
  counted,
  countLeftovers,
  sentences,
  shopPage,
  tag,
  widgetFrame,
} from "../../support/loader.ts";
import { messageNamed, test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

const require = createRequire(import.meta.url);
const library = (name: string) => readFileSync(require.resolve(name), "utf8");

/** Another page of the shop, as frameworks bring it in. */
const NEXT = "<main style='block-size:3000px'><h1>Next page</h1></main>";

/** What frameworks do to a page when the visitor goes on. Run in the page. */
const REPLACEMENTS: Record<string, { script?: string; act: (html: string) => unknown }> = {
  "a new body in its place": {
    act: (html) => {
      const body = document.createElement("body");
      body.innerHTML = html;
      document.body.replaceWith(body);
    },
  },
  "other content of the body": {
    act: (html) => {
      document.body.innerHTML = html;
    },
  },
  "all children of the body out, new ones in (pjax)": {
    act: (html) => {
      document.body.replaceChildren();
      document.body.insertAdjacentHTML("afterbegin", html);
    },
  },
  "a new root element (an old Astro, document.replaceChild)": {
    act: (html) => {
      const next = new DOMParser().parseFromString(html, "text/html");
      document.replaceChild(document.adoptNode(next.documentElement), document.documentElement);
    },
  },
  "other content of the root element": {
    act: (html) => {
      document.documentElement.innerHTML = `<head><title>Next</title></head><body>${html}</body>`;
    },
  },
  "head and body moved in from a parsed page (Astro)": {
    act: (html) => {
      const next = new DOMParser().parseFromString(html, "text/html");
      document.head.replaceChildren(...next.head.children);
      document.body.replaceWith(document.adoptNode(next.body));
    },
  },
  "a body morphed by idiomorph": {
    script: library("idiomorph/dist/idiomorph.min.js"),
    act: (html) => {
      const { Idiomorph } = window as unknown as { Idiomorph: { morph: (...all: unknown[]) => void } };
      Idiomorph.morph(document.body, `<body>${html}</body>`, { morphStyle: "outerHTML" });
    },
  },
  "a root element morphed by idiomorph": {
    script: library("idiomorph/dist/idiomorph.min.js"),
    act: (html) => {
      const { Idiomorph } = window as unknown as { Idiomorph: { morph: (...all: unknown[]) => void } };
      const page = `<html><head><title>Next</title></head><body>${html}</body></html>`;
      Idiomorph.morph(document.documentElement, page);
    },
  },
  "a visit by Turbo": {
    script: library("@hotwired/turbo/dist/turbo.es2017-umd.js"),
    act: () => {
      (window as unknown as { Turbo: { visit: (path: string) => void } }).Turbo.visit("/next");
    },
  },
  "a swap of the body by htmx": {
    script: library("htmx.org/dist/htmx.min.js"),
    act: () => {
      const { htmx } = window as unknown as { htmx: { ajax: (...all: unknown[]) => void } };
      htmx.ajax("GET", "/next", { target: "body", swap: "innerHTML" });
    },
  },
};

test("the button is back at once after the page is replaced in any way", async ({ page, shop }) => {
  const said = sentences(page);
  shop.host.pages["/next"] = shopPage("", "<h1>Next page</h1>");
  for (const [way, { script, act }] of Object.entries(REPLACEMENTS)) {
    await test.step(way, async () => {
      shop.host.html = shopPage(tag(shop));
      await page.goto(shop.host.origin);
      const before = await buttonBox(page);
      if (script !== undefined) await page.addScriptTag({ content: script });
      await page.evaluate(act, NEXT);
      await expect(page.getByRole("heading", { name: "Next page" }), way).toBeVisible();
      // "At once" is before the next frame is painted: no waiting here.
      expect(await counted(page), way).toMatchObject({ buttons: 1 });
      expect(await buttonBox(page), way).toEqual(before);
      await page.getByRole("button", { name: "Call us" }).click();
      await messageOfFrame(page);
    });
  }
  expect(said.filter((text) => text.includes("uncaught"))).toEqual([]);
});

/** Waits until the widget has loaded in the panel. */
async function messageOfFrame(page: Page): Promise<void> {
  await until("the widget has loaded", () =>
    page.evaluate(() => {
      const spied = window as unknown as { messages: { data: { event?: { name: string } } }[] };
      return spied.messages.some(({ data }) => data.event?.name === "widget_loaded");
    }),
  );
}

test("a live call goes on while Turbo replaces the page", async ({ page, shop }) => {
  shop.host.pages["/next"] = shopPage("", "<h1>Next page</h1>");
  shop.host.html = shopPage(tag(shop));
  await page.goto(shop.host.origin);
  await page.addScriptTag({ content: library("@hotwired/turbo/dist/turbo.es2017-umd.js") });
  await page.getByRole("button", { name: "Call us" }).click();
  const widget = await widgetFrame(page, shop);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await page.evaluate(() => {
    (window as unknown as { Turbo: { visit: (path: string) => void } }).Turbo.visit("/next");
  });
  await expect(page.getByRole("heading", { name: "Next page" })).toBeVisible();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await widget.getByRole("button", { name: "Hang up" }).click();
  const ended = await messageNamed(page, "call_ended");
  expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });
});

test("a page that takes the button out again and again is left alone, and does not hang", async ({
  page,
  shop,
}) => {
  shop.host.html = shopPage(tag(shop));
  await page.goto(shop.host.origin);
  await buttonBox(page);
  await page.evaluate(() => {
    const take = () => document.querySelector("bellpush-button")?.remove();
    new MutationObserver(take).observe(document.documentElement, { childList: true });
    take();
  });
  await until("the page still answers, without the button", async () => {
    return (await counted(page)).buttons === 0;
  });
});

test("the button keeps its corner whatever the page does to body and root", async ({ page, shop }) => {
  const declarations = [
    "transform: translateX(0)",
    "filter: brightness(1)",
    "contain: paint",
    "contain: layout",
    "container-type: size; block-size: 3000px",
    "perspective: 10px",
    "will-change: transform",
    "backdrop-filter: blur(1px)",
    "content-visibility: auto",
    "display: grid; gap: 40px",
    "zoom: 1",
    "overflow: hidden; block-size: 100vh",
  ];
  for (const target of ["body", "html"]) {
    for (const declaration of declarations) {
      await test.step(`${target} { ${declaration} }`, async () => {
        shop.host.html = shopPage(`<style>${target} { ${declaration} }</style>${tag(shop)}`);
        await page.goto(shop.host.origin);
        await page.evaluate(() => scrollTo(0, 1000));
        const box = await buttonBox(page);
        const size = page.viewportSize();
        const what = `${target} { ${declaration} }`;
        expect(Math.round((size?.width ?? 0) - box.x - box.width), what).toBeLessThanOrEqual(36);
        expect(Math.round((size?.height ?? 0) - box.y - box.height), what).toBe(20);
      });
    }
  }
});

test("the page's own styles do not reach the button, nor does it move the page", async ({
  page,
  shop,
}) => {
  const hostile = `<style>
    :not(:defined) { display: none !important; visibility: hidden !important; }
    html > * { position: static; opacity: 0.2; transform: scale(3); margin: 90px; }
    button, div { all: unset; inline-size: 900px; }
    [popover] { inset: 0; inline-size: 100vw; background: red; }
  </style>`;
  shop.host.html = shopPage(tag(shop));
  await page.goto(shop.host.origin);
  const plain = await buttonBox(page);
  shop.host.html = shopPage(hostile + tag(shop));
  await page.goto(shop.host.origin);
  expect(await buttonBox(page)).toEqual(plain);
  const shift = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          resolve(list.getEntries().reduce((sum, entry) => sum + (entry as never)["value"], 0));
        }).observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve(0), 300);
      }),
  );
  expect(shift).toBe(0);
});

test("twice the script, or mounted again and again, is one button and leaves nothing", async ({
  page,
  shop,
}) => {
  shop.host.html = shopPage(tag(shop) + tag(shop), tag(shop).replace("async", 'type="module"'));
  await page.goto(shop.host.origin);
  await buttonBox(page);
  await page.waitForLoadState();
  expect(await counted(page)).toEqual({ buttons: 1, frames: 0 });

  await page.addInitScript(countLeftovers);
  shop.host.html = shopPage(`<script src="${shop.server.url}/embed.js"></script>`);
  await page.goto(shop.host.origin);
  await page.waitForTimeout(1_100);
  const outcome = await page.evaluate(async (options) => {
    const spied = window as unknown as { left: Record<string, number> };
    const { Bellpush } = window as unknown as {
      Bellpush: { mount: (place: unknown, options: object) => { open(): void; destroy(): void } };
    };
    const before = { ...spied.left };
    const inline = document.createElement("div");
    document.body.append(inline);
    for (let round = 0; round < 5; round += 1) {
      const handles = [null, inline, "main"].map((place) => Bellpush.mount(place, options));
      Bellpush.mount(inline, options);
      Bellpush.mount(null, options);
      if (round % 2 === 0) handles[0]?.open();
      const during = document.querySelectorAll("bellpush-button").length;
      if (during !== 1) throw new Error(`${during} buttons in round ${round}`);
      for (const handle of handles) handle.destroy();
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    return { before, after: { ...spied.left }, frames: window.length, inline: inline.innerHTML };
  }, { app: shop.appId, key: shop.key });
  expect(outcome.after).toEqual(outcome.before);
  expect(outcome).toMatchObject({ frames: 0, inline: "" });
  expect(await counted(page)).toEqual({ buttons: 0, frames: 0 });
});

const SERVER = "$SERVER";
/** Policies and other hardships that pages have, with what the page says of them in its head. */
const HARDSHIPS: Record<string, { headers?: Record<string, string>; head?: string; nonce?: string }> = {
  "a strict policy by hosts": {
    headers: {
      "content-security-policy": `default-src 'none'; script-src ${SERVER} 'nonce-shop'; style-src 'none'; frame-src ${SERVER}`,
    },
  },
  "a strict policy by nonces alone": {
    headers: {
      "content-security-policy": `default-src 'none'; script-src 'nonce-shop'; style-src 'none'; frame-src ${SERVER}`,
    },
    nonce: "shop",
  },
  "a strict-dynamic policy": {
    headers: {
      "content-security-policy": `default-src 'none'; script-src 'nonce-shop' 'strict-dynamic'; style-src 'none'; frame-src ${SERVER}`,
    },
    nonce: "shop",
  },
  "Trusted Types": {
    headers: { "content-security-policy": "require-trusted-types-for 'script'; trusted-types 'none'" },
  },
  "an embedder policy that requires": {
    headers: {
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-opener-policy": "same-origin",
    },
  },
  "an embedder policy without credentials": {
    headers: {
      "cross-origin-embedder-policy": "credentialless",
      "cross-origin-opener-policy": "same-origin",
    },
  },
  "a policy against referrers": { headers: { "referrer-policy": "no-referrer" } },
  "frozen prototypes": {
    head: `<script nonce="shop">
      for (const frozen of [Object, Array, Function, Promise, Node, Element, HTMLElement, Document,
        HTMLIFrameElement, HTMLButtonElement, HTMLScriptElement, ShadowRoot, Event, EventTarget,
        CSSStyleSheet, CSSStyleDeclaration, MutationObserver, Map, Set, URL]) {
        Object.freeze(frozen);
        Object.freeze(frozen.prototype);
      }
    </script>`,
  },
  "prototypes with things added": {
    head: `<script nonce="shop">
      Object.prototype.added = () => 1;
      Array.prototype.added = "added";
      Function.prototype.added = 5;
    </script>`,
  },
};

for (const [hardship, { headers = {}, head = "", nonce }] of Object.entries(HARDSHIPS)) {
  test(`a call can be made under ${hardship}`, async ({ page, shop }) => {
    const said = sentences(page);
    await shop.change({
      customCode: { head: "", body: `<script>c2c.emit("heard", { here: true });</script>` },
    });
    shop.host.headers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replaceAll(SERVER, shop.server.url)]),
    );
    const script = nonce === undefined ? tag(shop) : tag(shop, { nonce });
    shop.host.html = shopPage(head + script).replace("<script>", '<script nonce="shop">');
    await page.goto(shop.host.origin);
    await page.getByRole("button", { name: "Call us" }).click();
    const widget = await widgetFrame(page, shop);
    await widget.getByRole("button", { name: "Call now" }).click();
    await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
    // The frame of custom code is there as well.
    await messageNamed(page, "heard");
    const panel = await page.locator("bellpush-button iframe").boundingBox();
    expect(panel).toMatchObject({ width: 380, height: 600 });
    expect(said.filter((text) => text.includes("uncaught"))).toEqual([]);
  });
}

test("a storage that throws does not keep a call from being made", async ({ page, shop }) => {
  await page.addInitScript(() => {
    for (const storage of ["sessionStorage", "localStorage"] as const) {
      Object.defineProperty(window, storage, {
        get: () => {
          throw new DOMException("The operation is insecure.", "SecurityError");
        },
      });
    }
    // Firefox, where cookies are blocked, has this throw as well.
    window.BroadcastChannel = class {
      constructor() {
        throw new DOMException("The operation is insecure.", "SecurityError");
      }
    } as unknown as typeof BroadcastChannel;
  });
  shop.host.html = shopPage(tag(shop));
  await page.goto(shop.host.origin);
  await page.getByRole("button", { name: "Call us" }).click();
  const widget = await widgetFrame(page, shop);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
});

test("the page's load does not wait for the widget, inline or opened early", async ({ page, shop }) => {
  // The server holds every document of the widget back until the page has loaded.
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(`${shop.server.url}/w/**`, async (route) => {
    await held;
    await route.continue();
  });
  const inline = `<script async src="${shop.server.url}/embed.js" ${attributes(shop, { "data-mount": "#call" })}></script>`;
  const early = `<script>Bellpush = [["open"]];</script>${tag(shop)}`;
  for (const head of [inline, early]) {
    shop.host.html = shopPage(head, `<div id="call"></div>`);
    await page.goto(shop.host.origin, { waitUntil: "load", timeout: 8_000 });
  }
  release();
  await widgetFrame(page, shop);
});
