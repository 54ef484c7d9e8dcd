/** Tabs that are hidden, left, come back to and doubled, in browsers that do so by themselves. */

import { expect } from "@playwright/test";

import { hear, traffic } from "../../support/media.ts";
import { test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";
import { BROWSERS, SAYS, visit } from "../../support/visitor.ts";

for (const browser of BROWSERS) {
  test(`${browser}: a call goes on in a tab that is hidden`, async ({ shop }) => {
    await visit(browser, "given", shop, async ({ press, sees, widget, page, told, browser: own }) => {
      await press("Call now");
      await sees("Connected");
      const frame = await widget();
      expect(await hear(frame, SAYS[browser], 30_000)).not.toBeNull();
      const other = await own.newPage();
      await other.bringToFront();
      await until("the tab is hidden", () => frame.evaluate(() => document.hidden));
      const before = await traffic(frame);
      await until("250 more packets went each way", async () => {
        const now = await traffic(frame);
        return (
          now.packetsSent >= before.packetsSent + 250 &&
          now.packetsReceived >= before.packetsReceived + 250
        );
      });
      expect(await hear(frame, SAYS[browser], 30_000), "heard while hidden").not.toBeNull();
      await page.bringToFront();
      await sees("Connected");
      await press("Hang up");
      const ended = await told("call_ended");
      expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
    });
  });

  test(`${browser}: a call goes to the next page, and back by the back button`, async ({ shop }) => {
    await visit(browser, "given", shop, async ({ press, sees, widget, page, told }) => {
      await press("Call now");
      await sees("Connected");
      expect(await hear(await widget(), SAYS[browser], 30_000)).not.toBeNull();
      await page.goto(`${shop.host.origin}/another`);
      await sees("Connected");
      expect(await hear(await widget(), SAYS[browser], 30_000), "on the next page").not.toBeNull();
      await page.goBack();
      await sees("Connected");
      expect(await hear(await widget(), SAYS[browser], 30_000), "and back").not.toBeNull();
      await press("Hang up");
      await told("call_ended");
      const calls = new Set(
        shop.sink.received.flatMap(({ headers }) => headers["bellpush-call-id"] ?? []),
      );
      expect(calls.size).toBe(1);
    });
  });

  test(`${browser}: a second tab says where the call is, and brings it over`, async ({ shop }) => {
    await visit(browser, "given", shop, async (first) => {
      await first.press("Call now");
      await first.sees("Connected");
      const second = await first.openTab();
      await second.sees("It goes on in another tab.");
      await second.press("Bring the call here");
      await second.sees("Connected");
      expect(await hear(await second.widget(), SAYS[browser], 30_000)).not.toBeNull();
      await first.page.bringToFront();
      await first.sees("It goes on in another tab.");
      await second.page.bringToFront();
      await second.press("Hang up");
      await second.told("call_ended");
      await first.page.bringToFront();
      await first.sees("Talk to us");
    });
  });

  test(`${browser}: a page whose texts are replaced by a translation`, async ({ shop }) => {
    await visit(browser, "given", shop, async ({ press, sees, widget, told }) => {
      // As browsers do it: what is there, and what comes later.
      await (await widget()).evaluate(() => {
        const translate = () => {
          const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const found: Text[] = [];
          while (texts.nextNode()) found.push(texts.currentNode as Text);
          for (const text of found) {
            if (text.data.trim() === "" || text.parentElement?.closest("font")) continue;
            const font = document.createElement("font");
            font.append(document.createElement("font"));
            (font.firstChild as HTMLElement).textContent = `«${text.data}»`;
            text.replaceWith(font);
          }
        };
        translate();
        const changes = { childList: true, characterData: true, subtree: true };
        new MutationObserver(translate).observe(document.body, changes);
      });
      await press("«Call now»");
      await sees("«Connected»");
      // The timer's text was taken out of the document, and is told all the same.
      await sees("0:02");
      await sees("0:03");
      await press("«Mute»");
      await sees("«Unmute»");
      await press("«Hang up»");
      await told("call_ended");
      await sees("«How did we do?»");
    });
  });
}
