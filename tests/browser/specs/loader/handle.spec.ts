/** What a page can do with the loader: options, the handle, triggers, places that come later. */

import { expect, type Page } from "@playwright/test";

import { attributes, buttonBox, sentences, shopPage, tag, widgetFrame } from "../../support/loader.ts";
import { messageNamed, messages, type Shop, test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

interface Told {
  handle: Record<string, (...values: unknown[]) => unknown> & { state: { name: string } };
  mount: (place: unknown, options?: object) => Told["handle"];
}

/** Opens a page with the loader alone and `mount` for this shop at `window`. */
async function openBare(page: Page, shop: Shop, body = ""): Promise<void> {
  const options = JSON.stringify({ app: shop.appId, key: shop.key });
  shop.host.html = shopPage(
    `<script src="${shop.server.url}/embed.js"></script>
     <script>mount = (place, more) => window.handle = Bellpush.mount(place, { ...${options}, ...more });</script>`,
    body,
  );
  await page.goto(shop.host.origin);
}

const button = (page: Page) => page.locator("bellpush-button button");

test("the button stands in the corner that is asked for, away from the edges as asked", async ({
  page,
  shop,
}) => {
  const { width, height } = { width: 1280, height: 720 };
  const cases = [
    [{}, width - 80, height - 80],
    [{ "data-position": "bottom-left" }, 20, height - 80],
    [{ "data-position": "top-right" }, width - 80, 20],
    [{ "data-position": "top-left", "data-offset": "40" }, 40, 40],
    [{ "data-offset": "30,50" }, width - 90, height - 110],
  ] as const;
  for (const [more, x, y] of cases) {
    shop.host.html = shopPage(tag(shop, more));
    await page.goto(shop.host.origin);
    const box = await buttonBox(page);
    expect({ x: Math.round(box.x + 0), y: Math.round(box.y) }, JSON.stringify(more)).toEqual({ x, y });
    await button(page).click();
    const panel = await page.locator("bellpush-button [role=dialog]").boundingBox();
    expect(panel, JSON.stringify(more)).not.toBeNull();
    if (panel !== null) {
      expect(panel.x).toBeGreaterThanOrEqual(0);
      expect(panel.y).toBeGreaterThanOrEqual(0);
      expect(panel.x + panel.width).toBeLessThanOrEqual(width);
      expect(panel.y + panel.height).toBeLessThanOrEqual(height);
    }
  }
  shop.host.html = shopPage(tag(shop)).replace("<html", '<html dir="rtl"');
  await page.goto(shop.host.origin);
  expect((await buttonBox(page)).x, "right to left").toBe(20);
});

test("what few need is asked for again where it could not be loaded", async ({ page, shop }) => {
  let tries = 0;
  await page.route("**/embed/more.js*", (route) => {
    tries += 1;
    return tries === 1 ? route.abort() : route.continue();
  });
  shop.host.html = shopPage(tag(shop, { "data-lang": "de" }));
  await page.goto(shop.host.origin);
  await expect(button(page)).toHaveAccessibleName("Rufen Sie uns an");
  expect(tries).toBe(2);
});

test("a widget that could not be loaded is asked for again when the panel is opened again", async ({
  page,
  shop,
}) => {
  let tries = 0;
  await page.route("**/w/app_*", (route) => {
    tries += 1;
    return tries === 1
      ? route.fulfill({ status: 503, contentType: "text/html", body: "Not possible right now" })
      : route.continue();
  });
  shop.host.html = shopPage(tag(shop));
  await page.goto(shop.host.origin);
  await button(page).click();
  const refused = await widgetFrame(page, shop);
  await expect(refused.getByText("Not possible right now")).toBeVisible();
  const called = page.getByRole("dialog").frameLocator("iframe").getByRole("button", { name: "Call now" });
  await expect(async () => {
    await button(page).click();
    await button(page).click();
    await expect(called).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 15_000 });
  const asked = tries;
  await button(page).click();
  await button(page).click();
  await expect(called).toBeVisible();
  expect(tries, "a widget that is there stays").toBe(asked);
});

test("label, icon, order and hidden launcher are the page's choice", async ({ page, shop }) => {
  shop.host.html = shopPage(tag(shop, { "data-label": "Need help?", "data-z-index": "5" }));
  await page.goto(shop.host.origin);
  await expect(page.getByRole("button", { name: "Need help?" })).toHaveText("Need help?");
  const order = () =>
    page.locator("bellpush-button").evaluate((host) => getComputedStyle(host).zIndex);
  expect(await order()).toBe("5");
  expect(await page.locator("bellpush-button").evaluate((host) => host.matches(":popover-open"))).toBe(
    false,
  );
  const image = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E";
  shop.host.html = shopPage(tag(shop, { "data-icon": image, "data-launcher": "false" }));
  await page.goto(shop.host.origin);
  await expect(page.locator("bellpush-button button")).toBeHidden();
  await page.evaluate(() => (window as never as { Bellpush: { get(): Told["handle"] } }).Bellpush.get()["open"]?.());
  await expect(page.getByRole("dialog", { name: "Call us" })).toBeVisible();
  await expect(button(page), "it can be closed again").toBeVisible();
});

for (const [locale, name] of [
  ["de-DE", "Rufen Sie uns an"],
  ["pt-BR", "Ligue para nós"],
  ["ar-EG", "اتصل بنا"],
  ["xx", "Call us"],
] as const) {
  test.describe(`to a visitor whose browser speaks ${locale}`, () => {
    test.use({ locale });
    test("button, panel and frame have a name", async ({ page, shop }) => {
      shop.host.html = shopPage(tag(shop));
      await page.goto(shop.host.origin);
      await page.getByRole("button", { name }).click();
      await expect(page.getByRole("dialog", { name })).toBeVisible();
      await expect(page.locator("bellpush-button iframe")).toHaveAttribute("aria-label", name);
      expect(await button(page).getAttribute("aria-expanded")).toBe("true");
    });
  });
}

test("the button's icon is seen where colours are forced", async ({ page, shop }) => {
  await page.emulateMedia({ forcedColors: "active" });
  shop.host.html = shopPage(tag(shop));
  await page.goto(shop.host.origin);
  const { icon, ground } = await button(page).evaluate((one) => {
    // What is cut out: the border, if there is one, or else the background.
    const style = getComputedStyle(one.querySelector("i") as Element);
    const { borderTopWidth, borderTopColor, backgroundColor } = style;
    return {
      icon: borderTopWidth === "0px" ? backgroundColor : borderTopColor,
      ground: getComputedStyle(one).backgroundColor,
    };
  });
  expect(icon).not.toBe(ground);
});

test("Escape closes the panel and gives the focus back to where it was", async ({ page, shop }) => {
  const trigger = `<a href="#there" data-bellpush="open">Talk to us</a>`;
  shop.host.html = shopPage(tag(shop), trigger);
  await page.goto(shop.host.origin);
  const dialog = page.getByRole("dialog", { name: "Call us" });
  await button(page).focus();
  await page.keyboard.press("Enter");
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  // Two processes move the focus: the page's and the frame's.
  await expect
    .poll(() => button(page).evaluate((one) => (one.getRootNode() as ShadowRoot).activeElement === one))
    .toBe(true);
  await page.getByRole("link", { name: "Talk to us" }).focus();
  await page.keyboard.press("Enter");
  await expect(dialog).toBeVisible();
  expect(page.url()).not.toContain("#there");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("link", { name: "Talk to us" })).toBeFocused();
});

test("any element of the page can set a call off and end it", async ({ page, shop }) => {
  shop.host.html = shopPage(
    tag(shop, { "data-launcher": "false" }),
    `<shop-button data-bellpush="call">
       <template shadowrootmode="open"><button>Call now, from the page</button></template>
     </shop-button>
     <button data-bellpush="hangup">End it</button>`,
  );
  await page.goto(shop.host.origin);
  await page.getByText("Call now, from the page").click();
  const widget = await widgetFrame(page, shop);
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await page.getByRole("button", { name: "End it" }).click();
  await messageNamed(page, "call_ended");
});

test("handlers hear events by name, once, or all of them, and can be stopped", async ({
  page,
  shop,
}) => {
  await openBare(page, shop, `<div id="call"></div>`);
  await page.evaluate(() => {
    const { mount } = window as unknown as Told;
    const heard: string[] = [];
    (window as unknown as { heard: string[] }).heard = heard;
    const handle = mount(document.querySelector("#call"));
    const stopped = () => heard.push("stopped");
    handle["on"]?.("widget_loaded", () => heard.push("on"));
    handle["once"]?.("*", ({ name }: { name: string }) => heard.push(`once ${name}`));
    (handle["on"]?.("*", stopped) as () => void)();
    handle["on"]?.("call_started", stopped);
    handle["off"]?.("call_started", stopped);
    handle["on"]?.("call_started", () => {
      throw new Error("on purpose");
    });
    handle["on"]?.("call_started", () => heard.push("started"));
    handle["call"]?.();
  });
  const heard = () => page.evaluate(() => (window as unknown as { heard: string[] }).heard);
  await until("the call has started", async () => (await heard()).includes("started"));
  expect(await heard()).toEqual(["on", "once widget_loaded", "started"]);
  await page.evaluate(() => (window as unknown as Told).handle["hangup"]?.());
  await messageNamed(page, "call_ended");
});

test("what can't be mounted is said in a sentence, and nothing is thrown", async ({ page, shop }) => {
  await openBare(page, shop);
  const said = sentences(page);
  const cases: [string, unknown, object, string][] = [
    ["undefined", undefined, {}, "there is no element to mount in: undefined"],
    ["a number", 5, {}, "there is no element to mount in: 5"],
    ["no key", null, { key: "" }, "app, key and host must be given"],
    ["a number in the context", null, { context: { orderId: 5 } }, '"orderId" needs a text'],
    ["null in the context", null, { context: { orderId: null } }, '"orderId" needs a text'],
    ["an object in the context", null, { context: { order: { id: 1 } } }, '"order" needs a text'],
    ["a reserved name", null, { context: { lang: "de" } }, '"lang" is reserved'],
    ["no selector", "#", {}, "not a valid selector"],
  ];
  for (const [what, place, more, sentence] of cases) {
    await page.evaluate(
      ([place, more, isUndefined]) => {
        const handle = (window as unknown as Told).mount(isUndefined ? undefined : place, more as object);
        for (const method of ["call", "open", "close", "hangup", "mute"]) handle[method]?.();
        handle["destroy"]?.();
      },
      [place, more, place === undefined] as const,
    );
    await until(`${what} is said`, () => said.some((text) => text.includes(sentence)));
  }
  expect(said.some((text) => text.includes("call does nothing: the widget is not mounted"))).toBe(true);
  expect(said.filter((text) => text.includes("uncaught"))).toEqual([]);
  const [buttons, frames] = await page.evaluate(() => [
    document.querySelectorAll("bellpush-button").length,
    window.length,
  ]);
  expect([buttons, frames]).toEqual([0, 0]);
  shop.host.html = shopPage(tag(shop, { "data-context": '{"orderId": 5}' }));
  await page.goto(shop.host.origin);
  await until("the attribute is refused", () =>
    said.some((text) => text.includes('context key "orderId" needs a text')),
  );
});

test("a place that comes later is filled when it comes, and again after a new page", async ({
  page,
  shop,
}) => {
  const head = `<script async src="${shop.server.url}/embed.js" ${attributes(shop, { "data-mount": "#call" })}></script>`;
  shop.host.html = shopPage(head);
  await page.goto(shop.host.origin);
  await page.waitForTimeout(300);
  for (let round = 0; round < 2; round += 1) {
    await page.evaluate((html) => {
      document.body.innerHTML = html;
    }, `<section><div id="call" style="inline-size:380px"></div></section>`);
    await expect(page.locator("#call iframe")).toHaveCount(1);
    await until("it is loaded there", async () => (await messages(page)).length > round);
  }
  expect(await page.evaluate(() => window.length)).toBe(1);
});

test("a call for an element that is not in the page starts when it comes", async ({ page, shop }) => {
  await openBare(page, shop);
  await page.evaluate(() => {
    const place = document.createElement("div");
    (window as unknown as { place: Element }).place = place;
    (window as unknown as Told).mount(place)["call"]?.();
  });
  await page.waitForTimeout(300);
  expect(await messages(page)).toEqual([]);
  await page.evaluate(() => {
    document.body.prepend((window as unknown as { place: Element }).place);
  });
  await messageNamed(page, "call_started");
  await page.evaluate(() => (window as unknown as Told).handle["hangup"]?.());
  await messageNamed(page, "call_ended");
});

test("one element holds one widget, with the options of the last time", async ({ page, shop }) => {
  await openBare(page, shop, `<div id="call"></div>`);
  await page.evaluate(() => {
    const { mount } = window as unknown as Told;
    const place = document.querySelector("#call");
    mount(place);
    mount(place);
    mount("#call", { context: { orderId: "A-2" } });
  });
  const loaded = await until("the widget of the last time has loaded", async () =>
    (await messages(page)).find(({ data }) => data.event?.data["context"]["orderId"] === "A-2"),
  );
  expect(loaded.data.event.data["context"]).toEqual({ orderId: "A-2" });
  expect(await page.evaluate(() => window.length)).toBe(1);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });

  test("the panel fits, and makes room for the keyboard", async ({ page, shop }) => {
    shop.host.html = shopPage(
      `<meta name="viewport" content="width=device-width">${tag(shop)}`,
    );
    await page.goto(shop.host.origin);
    await button(page).tap();
    const panel = page.locator("bellpush-button [role=dialog]");
    const box = await panel.boundingBox();
    expect(box).toMatchObject({ x: 10, width: 340 });
    expect((box?.y ?? 0) >= 0 && (box?.y ?? 0) + (box?.height ?? 0) <= 640).toBe(true);
    // A keyboard of 280 px: the visual viewport shrinks, the page's own does not.
    await page.evaluate(() => {
      const viewport = window.visualViewport as VisualViewport;
      Object.defineProperty(viewport, "height", { value: 360, configurable: true });
      viewport.dispatchEvent(new Event("resize"));
    });
    const above = await panel.boundingBox();
    expect((above?.y ?? -1) >= 0, "its head is seen").toBe(true);
    expect((above?.y ?? 0) + (above?.height ?? 0), "its foot is above the keyboard").toBeLessThanOrEqual(360);
  });
});

test.describe("on a phone held sideways", () => {
  test.use({ viewport: { width: 568, height: 320 } });

  test("the panel has the whole height beside the button", async ({ page, shop }) => {
    shop.host.html = shopPage(tag(shop));
    await page.goto(shop.host.origin);
    await button(page).click();
    const box = await page.locator("bellpush-button [role=dialog]").boundingBox();
    expect(box?.height).toBeGreaterThanOrEqual(280);
    expect(box?.y).toBeGreaterThanOrEqual(0);
  });
});

for (const [scheme, theme] of [
  ["dark", "light"],
  ["light", "dark"],
  ["dark", "auto"],
  ["dark", "dark"],
] as const) {
  test.describe(`a ${scheme} page with a visitor of the ${scheme} kind`, () => {
    test.use({ colorScheme: scheme });

    test(`shows a widget with the theme ${theme} and no white box, also while it loads`, async ({
      page,
      shop,
    }) => {
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route(`${shop.server.url}/w/**`, async (route) => {
        await held;
        await route.continue();
      });
      const dark = theme === "dark" || (theme === "auto" && scheme === "dark");
      shop.host.html = shopPage(
        `<meta name="color-scheme" content="${scheme}">${tag(shop, { "data-theme": theme })}`,
      );
      await page.goto(shop.host.origin);
      await button(page).click();
      const panel = page.locator("bellpush-button [role=dialog]");
      const box = await panel.boundingBox();
      if (box === null) throw new Error("there is no panel");
      const lightness = async () => {
        const shot = await page.screenshot({
          clip: { x: box.x + 40, y: box.y + 8, width: 4, height: 4 },
        });
        return page.evaluate(async (data) => {
          const image = await createImageBitmap(await (await fetch(data)).blob());
          const canvas = new OffscreenCanvas(4, 4);
          const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
          context.drawImage(image, 0, 0);
          const [red = 0, green = 0, blue = 0] = context.getImageData(1, 1, 1, 1).data;
          return (red + green + blue) / 3;
        }, `data:image/png;base64,${shot.toString("base64")}`);
      };
      const right = (value: number) => (dark ? value < 90 : value > 200);
      expect(right(await lightness()), "before it is loaded").toBe(true);
      release();
      await messageNamed(page, "widget_loaded");
      await page.waitForTimeout(200);
      expect(right(await lightness()), "when it is loaded").toBe(true);
    });
  });
}
