/** Sessions that have expired while the server could not be asked for another one. */

import { expect } from "@playwright/test";

import { embeddingPage } from "../../support/host.ts";
import { type Shop, test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";
import { BROWSERS, visit } from "../../support/visitor.ts";

/** Long enough for a page to be loaded where other tests are run. */
const LIFE_SECONDS = 12;

test.use({ serverOptions: ["--session-seconds", String(LIFE_SECONDS)] });

/** The server is away for longer than a session lives. */
async function outlive(shop: Shop): Promise<void> {
  await shop.server.kill();
  const end = Date.now() + (LIFE_SECONDS + 1) * 1000;
  await until("the session has expired", () => Date.now() > end);
  await shop.server.restart();
}

for (const browser of BROWSERS) {
  test(`${browser}: the widget's own session is made anew, and the call goes`, async ({ shop }) => {
    await visit(browser, "given", shop, async ({ press, sees, told, events }) => {
      await told("widget_loaded");
      await shop.sink.waitFor("widget_loaded");
      await outlive(shop);
      await press("Call now");
      await sees("Connected");
      expect((await events()).map(({ event }) => event.name)).not.toContain("call_error");
    });
  });

  test(`${browser}: a session of the page's server is not, and the visitor is told`, async ({ shop }) => {
    const pageWithSession = async () => {
      const { token } = await shop.server.api<{ token: string }>("POST", "/v1/sessions", {
        appId: shop.appId,
        origin: shop.host.origin,
        context: { orderId: "trusted" },
      });
      return embeddingPage(shop.widgetUrl({ session: token }));
    };
    await visit(
      browser,
      "given",
      shop,
      async ({ press, sees, told }) => {
        await told("widget_loaded");
        await outlive(shop);
        await press("Call now");
        const failed = await told("call_error");
        expect(failed.event.data).toMatchObject({
          errorCode: "session_expired",
          context: { orderId: "trusted" },
        });
        await sees("Reload it, then try again.");
        // The frame alone would come back with the same token.
        await press("Try again");
        await sees("Reload it, then try again.");
      },
      pageWithSession,
    );
  });
}
