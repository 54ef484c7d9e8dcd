/** The main hardships of the loader in Firefox, where policies and the top layer are built differently. */

import { expect } from "@playwright/test";
import type { Page } from "puppeteer-core";

import { startFirefox } from "../../support/firefox.ts";
import { address, attributes, shopPage, tag } from "../../support/loader.ts";
import { type Shop, test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

interface Hardship {
  readonly head: (shop: Shop) => string;
  readonly headers?: (shop: Shop) => Record<string, string>;
  /** Done to the page once the button is there. */
  readonly act?: () => void;
}

const HARDSHIPS: Record<string, Hardship> = {
  "a module": {
    head: (shop) => `<script type="module" src="${shop.server.url}/embed.js" ${attributes(shop)}></script>`,
  },
  "a module whose settings are in its address, inserted and taken out": {
    head: (shop) => `<script>
      const made = document.createElement("script");
      made.type = "module";
      made.src = ${JSON.stringify(address(shop))};
      document.head.append(made);
      queueMicrotask(() => made.remove());
    </script>`,
  },
  "no currentScript": {
    head: (shop) =>
      `<script>Object.defineProperty(document, "currentScript", { value: null });</script>${tag(shop)}`,
  },
  "a new body": {
    head: tag,
    act: () => {
      const body = document.createElement("body");
      body.innerHTML = "<main style='block-size:3000px'>Next</main>";
      document.body.replaceWith(body);
    },
  },
  "a new root element": {
    head: tag,
    act: () => {
      document.documentElement.innerHTML =
        "<head></head><body><main style='block-size:3000px'>Next</main></body>";
    },
  },
  "a transformed root element": {
    head: (shop) => `<style>html { transform: translateX(0); }</style>${tag(shop)}`,
    act: () => scrollTo(0, 900),
  },
  "a contained body": {
    head: (shop) => `<style>body { contain: strict; container-type: size; }</style>${tag(shop)}`,
  },
  "a strict policy": {
    head: (shop) => tag(shop, { nonce: "shop" }),
    headers: ({ server }) => ({
      "content-security-policy": `default-src 'none'; script-src 'nonce-shop'; style-src 'none'; frame-src ${server.url}`,
    }),
  },
  "an embedder policy": {
    head: tag,
    // Not isolated by an opener policy as well: the driver loses a page that changes its process.
    headers: () => ({ "cross-origin-embedder-policy": "require-corp" }),
  },
  "frozen prototypes": {
    head: (shop) => `<script>
      for (const frozen of [Object, Array, Node, Element, HTMLElement, Document, HTMLIFrameElement,
        HTMLButtonElement, ShadowRoot, EventTarget, CSSStyleSheet, CSSStyleDeclaration]) {
        Object.freeze(frozen.prototype);
      }
    </script>${tag(shop)}`,
  },
};

/** Where the button is, from the lower right corner. */
function corner(page: Page): Promise<number[] | null> {
  return page.evaluate(() => {
    const button = document.querySelector("bellpush-button")?.shadowRoot?.querySelector("button");
    if (!button) return null;
    const { right, bottom } = button.getBoundingClientRect();
    const root = document.documentElement;
    return [Math.round(innerWidth - right), Math.round(innerHeight - bottom), root.clientWidth];
  });
}

test("button and call hold out in Firefox as well", async ({ shop }) => {
  test.setTimeout(180_000);
  const browser = await startFirefox(700);
  try {
    const page = await browser.newPage();
    for (const [name, { head, headers, act }] of Object.entries(HARDSHIPS)) {
      await test.step(name, async () => {
        shop.host.headers = headers?.(shop) ?? {};
        shop.host.html = shopPage(head(shop)).replace("<script>", '<script nonce="shop">');
        await page.goto(shop.host.origin).catch((error: unknown) => {
          throw new Error(`${name}: ${error}`);
        });
        await until(`${name}: the button is there`, () => corner(page));
        if (act !== undefined) await page.evaluate(act);
        const [across = 99, down] = (await corner(page)) ?? [];
        expect(across, name).toBeLessThanOrEqual(36);
        expect(down, name).toBe(20);
        await page.evaluate(() => {
          document.querySelector("bellpush-button")?.shadowRoot?.querySelector("button")?.click();
        });
        const widget = await until(`${name}: the widget's frame is there`, () =>
          page.frames().find((frame) => frame.url().startsWith(`${shop.server.url}/w/`)),
        );
        await widget.locator("::-p-aria([name='Call now'][role='button'])").wait();
        await page.keyboard.press("Escape");
        await until(`${name}: the panel is closed`, () =>
          page.evaluate(
            () =>
              document
                .querySelector("bellpush-button")
                ?.shadowRoot?.querySelector("button")
                ?.getAttribute("aria-expanded") === "false",
          ),
        );
      });
    }
  } finally {
    await browser.close();
  }
});
