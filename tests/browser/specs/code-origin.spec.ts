/** Custom code that is shown from another origin than the widget. */

import { expect } from "@playwright/test";

import { openShop, startFirefox } from "../support/firefox.ts";
import { embeddingPage } from "../support/host.ts";
import { probe } from "../support/probe.ts";
import { test } from "../support/shop.ts";
import { until } from "../support/until.ts";

// The widget is at localhost.
test.use({ serverOptions: ["--code-url", "http://127.0.0.1:{port}"] });

test("code on an origin of its own hears events and emits, and finds nothing else there", async ({
  page,
  shop,
}) => {
  const found = await probe(
    page,
    shop,
    `return { address: location.origin, api: await tried(() => fetch("/v1/apps")) };`,
  );
  expect(found["address"]).toBe(shop.server.url.replace("localhost", "127.0.0.1"));
  expect(found["api"]).toMatch(/^refused: /);
});

test("in Firefox too, code on an origin of its own that never gives way leaves the widget alone", async ({
  shop,
}) => {
  const body = `<script>c2c.on("call_started", () => { while (true) {} });</script>`;
  await shop.change({ customCode: { head: "", body } });
  const browser = await startFirefox(700);
  try {
    const url = shop.widgetUrl();
    shop.host.html = embeddingPage(url);
    const { page, widget } = await openShop(browser, shop.host.origin, url);
    await until("the code is there", () => widget.childFrames().length === 1);
    await widget.locator("::-p-aria([name='Call now'][role='button'])").click();
    await shop.sink.waitFor("call_started");
    // Nothing inside the frames is asked from here on: the driver would wait for the code.
    await page.evaluate((origin) => {
      const command = { source: "bellpush", version: 1, command: "hangup" };
      window.frames[0]?.postMessage(command, origin);
    }, shop.server.url);
    const ended = await shop.sink.waitFor("call_ended");
    expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
  } finally {
    await browser.close();
  }
});
