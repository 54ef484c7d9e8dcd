/** Calls from browsers to a real telephone, baresip, by a SIP trunk: both ends hear each other. */

import { expect, type Frame } from "@playwright/test";

import { type Baresip, type Codec, startBaresip } from "../support/baresip.ts";
import { openShop, startFirefox } from "../support/firefox.ts";
import { embeddingPage } from "../support/host.ts";
import { hear, spyOnPeers } from "../support/media.ts";
import { messageNamed, type Shop, test } from "../support/shop.ts";
import { tones } from "../support/sound.ts";
import { TONE } from "../support/tone.ts";
import { until } from "../support/until.ts";

/** What the telephone says. */
const TELEPHONE_TONE = 400;
/** A sine at half of full scale has -6 dB; browsers adjust the level of a microphone. */
const PLAUSIBLE_LEVEL = { least: -40, most: 1 };

/** Makes the telephone the shop's default destination. */
async function connect(shop: Shop, telephone: Baresip, codecs: string[], codecPolicy: string) {
  const trunk = await shop.server.api<{ id: string }>("POST", "/v1/trunks", {
    name: "Office",
    domain: "127.0.0.1",
    port: telephone.port,
    codecs,
  });
  await shop.server.api("POST", `/v1/apps/${shop.appId}/destinations`, {
    name: "Desk",
    kind: "sip",
    trunkId: trunk.id,
    to: "desk",
    codecPolicy,
    isDefault: true,
  });
}

/** Waits until the telephone has heard a tone, and returns its level. */
function heardByTelephone(telephone: Baresip, hertz: number): Promise<number> {
  return until(
    `the telephone hears ${hertz} Hz`,
    () => {
      const sound = telephone.heard();
      const tone = sound
        ? tones(sound).find((one) => Math.abs(one.hertz - hertz) < 20 && one.above > 20)
        : undefined;
      return tone?.level;
    },
    30_000,
  );
}

for (const { codec, policy, name } of [
  { codec: "PCMA", policy: "pass_through", name: "in A-law from end to end" },
  { codec: "PCMU", policy: "opus", name: "in Opus to the browser and µ-law to the telephone" },
] as const satisfies readonly { codec: Codec; policy: string; name: string }[]) {
  test(`a browser and a telephone hear each other ${name}`, async ({ page, context, shop }) => {
    const telephone = await startBaresip(codec, TELEPHONE_TONE);
    try {
      await connect(shop, telephone, [codec.toLowerCase()], policy);
      await spyOnPeers(context);
      const widget: Frame = await shop.open(page);
      await widget.getByRole("button", { name: "Call now" }).click();
      await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();

      const atVisitor = await hear(widget, TELEPHONE_TONE);
      expect(atVisitor, "the visitor hears the telephone").not.toBeNull();
      expect(atVisitor?.level).toBeGreaterThan(-12);
      expect(atVisitor?.level).toBeLessThan(0);
      const level = await heardByTelephone(telephone, TONE);
      expect(level).toBeGreaterThan(PLAUSIBLE_LEVEL.least);
      expect(level).toBeLessThan(PLAUSIBLE_LEVEL.most);

      await telephone.stop();
      const ended = await messageNamed(page, "call_ended");
      expect(ended.data.event.data).toMatchObject({ reason: "remote_hangup" });
      const delivered = await shop.sink.waitFor("call_ended");
      expect(delivered.id).toBe(ended.data.id);
    } finally {
      await telephone.stop();
    }
  });
}

test("Firefox and a telephone hear each other", async ({ shop }) => {
  const tone = 700;
  const telephone = await startBaresip("PCMA", TELEPHONE_TONE);
  const browser = await startFirefox(tone);
  try {
    await connect(shop, telephone, ["pcma"], "pass_through");
    const url = shop.widgetUrl();
    shop.host.html = embeddingPage(url);
    const { widget } = await openShop(browser, shop.host.origin, url);
    await widget.locator("::-p-aria([name='Call now'][role='button'])").click();
    expect(await hear(widget, TELEPHONE_TONE, 30_000), "the visitor hears").not.toBeNull();
    expect(await heardByTelephone(telephone, tone)).toBeGreaterThan(PLAUSIBLE_LEVEL.least);
    await widget.locator("::-p-aria([name='Hang up'][role='button'])").click();
    const delivered = await shop.sink.waitFor("call_ended");
    expect(delivered.event.data).toMatchObject({ reason: "user_hangup" });
  } finally {
    await browser.close();
    await telephone.stop();
  }
});
