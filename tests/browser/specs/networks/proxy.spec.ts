/** A proxy that holds streams back: the call is told by polling, and its sound does not suffer. */

import { expect } from "@playwright/test";

import { embeddingPage } from "../../support/host.ts";
import { type Nginx, startNginx } from "../../support/nginx.ts";
import { type Shop, test } from "../../support/shop.ts";
import { startTelephone } from "../../support/telephone.ts";
import { check, PAUSE_MS, TELEPHONE_TONE, through } from "../../support/trouble.ts";
import { connectTrunk } from "../../support/trunk.ts";
import { until } from "../../support/until.ts";
import { SAYS, visit } from "../../support/visitor.ts";

test.use({ serverOptions: ["--rtp-address", "127.0.0.1"] });

/** The shop as it is seen by those who come through the proxy. */
const behind = (shop: Shop, { url }: Nginx) => ({
  shop: { ...shop, server: { ...shop.server, url } },
  html: embeddingPage(shop.widgetUrl().replace(shop.server.url, url)),
});

test("the proxy of these tests does hold streams back", async ({ shop }) => {
  const nginx = await startNginx(shop.server.url);
  try {
    const timed = async (url: string) => {
      const { body } = await fetch(`${url}/w/check/stream`);
      const reader = body?.getReader();
      await reader?.read();
      const first = performance.now();
      for (let read = await reader?.read(); read?.done === false; read = await reader?.read());
      return performance.now() - first;
    };
    expect(await timed(shop.server.url), "without it").toBeGreaterThan(500);
    expect(await timed(nginx.url), "through it").toBeLessThan(300);
  } finally {
    await nginx.stop();
  }
});

test("a call through a proxy that holds streams back", async ({ shop }) => {
  const nginx = await startNginx(shop.server.url);
  const telephone = await startTelephone({ says: TELEPHONE_TONE, hears: SAYS.chromium });
  try {
    await connectTrunk(shop, { port: telephone.port, codecs: ["pcma"] });
    const happens = async () => {
      const end = performance.now() + 5000;
      await until("5 s have passed", () => performance.now() > end);
    };
    const trouble = { ...behind(shop, nginx), telephone, happens, reconnects: false };
    check("streams held back", await through(trouble), PAUSE_MS);
  } finally {
    telephone.stop();
    await nginx.stop();
  }
});

test("the far side's hang-up is told through such a proxy within seconds", async ({ shop }) => {
  const nginx = await startNginx(shop.server.url);
  try {
    const { shop: seen, html } = behind(shop, nginx);
    await visit(
      "chromium",
      "given",
      seen,
      async ({ press, sees, told }) => {
        await press("Call now");
        await sees("Connected");
        await sees("0:01");
        await press("Keypad");
        await press("Star");
        const ended = await told("call_ended", 4000);
        expect(ended.event.data).toMatchObject({ reason: "remote_hangup" });
        await sees("Call ended", 4000);
      },
      html,
    );
  } finally {
    await nginx.stop();
  }
});
