/** What can be wrong with the server and the way to it: the real process, ended and started again. */

import { expect } from "@playwright/test";

import { embeddingPage } from "../../support/host.ts";
import { tag } from "../../support/loader.ts";
import { hear } from "../../support/media.ts";
import { cutPort } from "../../support/network.ts";
import { test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";
import { BROWSERS, SAYS, visit } from "../../support/visitor.ts";

for (const browser of BROWSERS) {
  test(`${browser}: a server that can't be reached, and is there again`, async ({ shop }) => {
    await visit(browser, "given", shop, async ({ press, sees, told }) => {
      await shop.server.kill();
      await press("Call now");
      await sees("The call didn't work", 30_000);
      const failed = await told("call_error");
      expect(failed.event.data).toMatchObject({ errorCode: "signaling_failed" });
      await shop.server.restart();
      await press("Try again");
      await sees("Connected");
      // What could not be told meanwhile is told now, by the same name.
      const delivered = await shop.sink.waitFor("call_error", 30_000);
      expect(delivered).toMatchObject({ id: failed.id, event: failed.event });
    });
  });

  test(`${browser}: a server that dies in the call, and starts again on its data`, async ({ shop }) => {
    await visit(browser, "given", shop, async ({ press, sees, told, widget, events }) => {
      await press("Call now");
      await sees("Connected");
      expect(await hear(await widget(), SAYS[browser], 30_000)).not.toBeNull();
      await shop.server.kill();
      await sees("Reconnecting…", 25_000);
      await shop.server.restart();
      // It goes on, with the demo from its beginning.
      await sees("Connected", 20_000);
      expect(await hear(await widget(), SAYS[browser], 30_000), "after the restart").not.toBeNull();
      await press("Hang up");
      const ended = await told("call_ended");
      expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
      expect(await shop.sink.waitFor("call_ended")).toMatchObject({ id: ended.id });
      const names = (await events()).map(({ event }) => event.name);
      expect(names).toEqual(["widget_loaded", "call_started", "call_ended"]);
    });
  });

  test(`${browser}: no network for some seconds, in the middle of a call`, async ({ shop }) => {
    await visit(browser, "given", shop, async ({ press, sees, widget, told }) => {
      await press("Call now");
      await sees("Connected");
      expect(await hear(await widget(), SAYS[browser], 30_000)).not.toBeNull();
      const mend = [shop.server.mediaPort, Number(new URL(shop.server.url).port)].map(cutPort);
      try {
        await sees("Reconnecting…", 25_000);
      } finally {
        for (const one of mend) one();
      }
      await sees("Connected", 20_000);
      expect(await hear(await widget(), SAYS[browser], 30_000), "heard again").not.toBeNull();
      await press("Hang up");
      const ended = await told("call_ended");
      expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
    });
  });

  test(`${browser}: a page that may not embed the widget`, async ({ shop }) => {
    await shop.change({ allowedOrigins: ["https://other.example"] });
    await visit(browser, "given", shop, async ({ page }) => {
      // The browser itself shows nothing of it: the document is never that of the widget.
      await until("the frame is refused", async () => {
        const frame = page.frames().find((one) => one !== page.mainFrame());
        const shown = await frame?.evaluate(() => document.getElementById("bellpush") !== null);
        return shown === false;
      });
      const told = await page.evaluate(
        () => (window as unknown as { messages: unknown[] }).messages.length,
      );
      expect(told).toBe(0);
    });
  });

  test(`${browser}: a call under a strict policy of the page`, async ({ shop }) => {
    shop.host.headers = {
      "content-security-policy": `default-src 'none'; script-src 'nonce-shop'; style-src 'none'; frame-src ${shop.server.url}`,
    };
    const frame = embeddingPage(shop.widgetUrl()).replace("<script>", '<script nonce="shop">');
    const html = frame.replace("</head>", `${tag(shop, { nonce: "shop" })}</head>`);
    await visit(
      browser,
      "given",
      shop,
      async ({ press, sees, widget, page }) => {
        await press("Call now");
        await sees("Connected");
        expect(await hear(await widget(), SAYS[browser], 30_000)).not.toBeNull();
        // The loader's button stands beside it.
        expect(await page.$("bellpush-button")).not.toBeNull();
      },
      html,
    );
  });
}

test("firefox: the check reaches the media port by UDP and TCP", async ({ shop }) => {
  await visit(
    "firefox",
    "given",
    shop,
    async ({ page }) => {
      await until("the loader is there", () => page.evaluate(() => "Bellpush" in window));
      const report = await page.evaluate(() =>
        (
          window as unknown as { Bellpush: { check: () => Promise<Report> } }
        ).Bellpush.check(),
      );
      const fine = report.findings.filter(({ ok }) => ok === true).map(({ code }) => code);
      expect(fine, JSON.stringify(report, null, 1)).toEqual(
        expect.arrayContaining(["https", "csp", "origin", "webrtc", "udp", "tcp", "event_stream"]),
      );
    },
    `<!doctype html><title>Shop</title><script>window.messages = [];</script>${tag(shop)}`,
  );
});

interface Report {
  readonly findings: readonly { readonly code: string; readonly ok: boolean | null }[];
}
