/** The loader finds its own script and settings, however a page or a tag manager brings it in. */

import { createHash } from "node:crypto";

import { expect } from "@playwright/test";

import { address, attributes, counted, sentences, shopPage, tag, widgetFrame } from "../../support/loader.ts";
import { type Shop, test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

/** Inserts a script as tag managers do: made in code, with what they keep of the original. */
const inserted = (settings: string) => `<script>
  const made = document.createElement("script");
  ${settings}
  document.head.append(made);
</script>`;

const WAYS: Record<string, (shop: Shop) => string> = {
  "one line": (shop) => tag(shop),
  "a line without async": (shop) =>
    `<script src="${shop.server.url}/embed.js" ${attributes(shop)}></script>`,
  "a deferred line": (shop) =>
    `<script defer src="${shop.server.url}/embed.js" ${attributes(shop)}></script>`,
  "a module": (shop) =>
    `<script type="module" src="${shop.server.url}/embed.js" ${attributes(shop)}></script>`,
  "a module with its settings in the address": (shop) =>
    `<script type="module" src="${address(shop).replaceAll("&", "&amp;")}"></script>`,
  "a tag manager that keeps the address alone": (shop) =>
    inserted(`made.src = ${JSON.stringify(address(shop))};`),
  "a tag manager that takes the script out at once": (shop) =>
    inserted(`made.src = ${JSON.stringify(address(shop))}; queueMicrotask(() => made.remove());`),
  "a tag manager that makes a module and takes it out": (shop) =>
    inserted(`made.type = "module"; made.src = ${JSON.stringify(address(shop))};
      queueMicrotask(() => made.remove());`),
  "a tag manager that imports it": (shop) =>
    `<script>import(${JSON.stringify(address(shop))});</script>`,
  "a consent tool that renames the type and makes the script anew": (shop) =>
    `<script type="text/plain" data-src="${shop.server.url}/embed.js" ${attributes(shop)}></script>
    <script>
      const held = document.querySelector("script[data-src]");
      const made = document.createElement("script");
      for (const { name, value } of held.attributes) {
        if (name !== "type") made.setAttribute(name.replace(/^data-src$/, "src"), value);
      }
      held.replaceWith(made);
    </script>`,
  "document.write": (shop) =>
    `<script>document.write(${JSON.stringify(tag(shop)).replaceAll("</", "<\\/")});</script>`,
  "a page in which currentScript is null": (shop) =>
    `<script>Object.defineProperty(document, "currentScript", { value: null });</script>${tag(shop)}`,
  "a page in which an element is called currentScript": (shop) =>
    `${tag(shop).replace("async", "defer")}<!-- the name hides the property -->
     <template></template><script>
       const image = document.createElement("img"); image.name = "currentScript";
       document.documentElement.append(image);
     </script>`,
  "a page in which something else is called Bellpush": (shop) =>
    `<meta id="Bellpush">${tag(shop)}`,
};

test("the loader finds its settings in every way it is brought in", async ({ page, shop }) => {
  const said = sentences(page);
  for (const [way, head] of Object.entries(WAYS)) {
    shop.host.html = shopPage(head(shop));
    await page.goto(shop.host.origin);
    await test.step(way, async () => {
      await expect(page.getByRole("button", { name: "Call us" }), way).toBeVisible();
      expect(await counted(page), way).toMatchObject({ buttons: 1 });
    });
  }
  expect(said.filter((text) => text.includes("Bellpush") || text.includes("uncaught"))).toEqual([]);
});

test("a script in a shadow tree is found, though the browser does not name it", async ({
  page,
  shop,
}) => {
  const script = `made.src = ${JSON.stringify(address(shop))};
    const holder = document.createElement("div");
    document.documentElement.append(holder);
    holder.attachShadow({ mode: "open" }).append(made);`;
  shop.host.html = shopPage(`<script>const made = document.createElement("script");${script}</script>`);
  await page.goto(shop.host.origin);
  await expect(page.getByRole("button", { name: "Call us" })).toBeVisible();
});

test("what else is in the address is context, and attributes come before it", async ({
  page,
  shop,
}) => {
  const src = address(shop, { orderId: "A-1", tier: "gold" }).replaceAll("&", "&amp;");
  shop.host.html = shopPage(
    `<script async src="${src}" data-context-order-id="A-2" data-context='{"from":"tag"}'></script>`,
  );
  await page.goto(shop.host.origin);
  await page.getByRole("button", { name: "Call us" }).hover();
  const loaded = await shop.sink.waitFor("widget_loaded");
  expect(loaded.event.data["context"]).toEqual({ orderId: "A-2", tier: "gold", from: "tag" });
});

test("a page may ask for it with crossorigin and integrity", async ({ page, shop }) => {
  const answer = await fetch(`${shop.server.url}/embed.js`);
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  const code = Buffer.from(await answer.arrayBuffer());
  const hash = createHash("sha384").update(code).digest("base64");
  shop.host.html = shopPage(tag(shop).replace("async", `crossorigin integrity="sha384-${hash}"`));
  await page.goto(shop.host.origin);
  await page.getByRole("button", { name: "Call us" }).click();
  await widgetFrame(page, shop);
});

test("a loader without settings is silent while a script mounts, and says so otherwise", async ({
  page,
  shop,
}) => {
  const said = sentences(page);
  const ours = () => said.filter((text) => text.includes("Bellpush"));
  const bare = `<script src="${shop.server.url}/embed.js"></script>`;
  const options = JSON.stringify({ app: shop.appId, key: shop.key });
  shop.host.html = shopPage(
    `${bare}<script>setTimeout(() => Bellpush.mount(null, ${options}), 500);</script>`,
  );
  await page.goto(shop.host.origin);
  await expect(page.getByRole("button", { name: "Call us" })).toBeVisible();
  await page.waitForTimeout(1_500);
  expect(ours()).toEqual([]);
  shop.host.html = shopPage(bare);
  await page.goto(shop.host.origin);
  await until("the sentence is there", () => ours().length > 0, 5_000);
  expect(ours()).toEqual([
    "Bellpush: embed.js has no data-app, and nothing was mounted",
  ]);
});

test("what was asked for before the loader came runs in its order", async ({ page, shop }) => {
  const options = JSON.stringify({ app: shop.appId, key: shop.key, context: { orderId: "A-7" } });
  shop.host.html = shopPage(`<script>
      window.ran = [];
      window.Bellpush = window.Bellpush || [];
      Bellpush.push(() => ran.push("first"));
      Bellpush.push(["mount", null, ${options}]);
      Bellpush.push(["on", "widget_loaded", ({ data }) => ran.push(data.context.orderId)]);
      Bellpush.push((bellpush) => ran.push(bellpush.get() === null ? "none" : "mounted"));
      Bellpush.push(["open"]);
      Bellpush.push(() => { throw new Error("on purpose"); });
      Bellpush.push(() => ran.push("last"));
    </script><script async src="${shop.server.url}/embed.js"></script>`);
  await page.goto(shop.host.origin);
  const ran = () => page.evaluate(() => (window as unknown as { ran: string[] }).ran);
  await until("the widget was loaded by a call of before", async () => (await ran()).includes("A-7"));
  expect(await ran()).toEqual(["first", "mounted", "last", "A-7"]);
});
