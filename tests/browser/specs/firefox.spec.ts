/** The same call from Firefox: another implementation of WebRTC, with other habits in its offers. */

import { expect } from "@playwright/test";

import { openShop, startFirefox } from "../support/firefox.ts";
import { embeddingPage } from "../support/host.ts";
import { hear, traffic } from "../support/media.ts";
import { type Message, test } from "../support/shop.ts";
import { until } from "../support/until.ts";

/** Another tone than the one in the demo's greeting. */
const TONE = 700;

test("a visitor with Firefox hears himself, hangs up, and the events arrive", async ({ shop }) => {
  const browser = await startFirefox(TONE);
  try {
    const url = shop.widgetUrl();
    shop.host.html = embeddingPage(url);
    const { page, widget } = await openShop(browser, shop.host.origin, url);
    await widget.locator("::-p-aria([name='Call now'][role='button'])").click();
    const heard = await hear(widget, TONE, 30_000);
    expect(heard, "the tone comes back, clear of all else").not.toBeNull();
    const before = await traffic(widget);
    await until("50 more packets went each way", async () => {
      const now = await traffic(widget);
      return (
        now.packetsSent >= before.packetsSent + 50 &&
        now.packetsReceived >= before.packetsReceived + 50
      );
    });
    await widget.locator("::-p-aria([name='Hang up'][role='button'])").click();
    const ended = await until("the page is told of the end", async () => {
      const told = await page.evaluate(
        () => (window as unknown as { messages: Message[] }).messages,
      );
      return told.find(({ data }) => data.event?.name === "call_ended");
    });
    expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });
    const delivered = await shop.sink.waitFor("call_ended");
    expect(delivered).toMatchObject({ id: ended.data.id, event: ended.data.event });
  } finally {
    await browser.close();
  }
});

test("a key pressed in Firefox makes the far side hang up", async ({ shop }) => {
  const browser = await startFirefox(TONE);
  try {
    const url = shop.widgetUrl();
    shop.host.html = embeddingPage(url);
    const { widget } = await openShop(browser, shop.host.origin, url);
    await widget.locator("::-p-aria([name='Call now'][role='button'])").click();
    await widget.locator("::-p-aria([name='Keypad'][role='button'])").click();
    await widget.locator("::-p-aria([name='Star'][role='button'])").click();
    const delivered = await shop.sink.waitFor("call_ended");
    expect(delivered.event.data).toMatchObject({ reason: "remote_hangup" });
  } finally {
    await browser.close();
  }
});
