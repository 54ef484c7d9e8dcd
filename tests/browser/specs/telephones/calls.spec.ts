/** Calls from browsers to a real telephone, baresip, by a SIP trunk: both ends hear each other. */

import { expect, type Frame } from "@playwright/test";

import { type Baresip, type Codec, type Encryption, startBaresip } from "../../support/baresip.ts";
import { openShop, startFirefox } from "../../support/firefox.ts";
import { embeddingPage } from "../../support/host.ts";
import { hear, reports, spyOnPeers, traffic } from "../../support/media.ts";
import { messageNamed, type Shop, test } from "../../support/shop.ts";
import { tones } from "../../support/sound.ts";
import { TONE } from "../../support/tone.ts";
import { connectTrunk, type Trunk } from "../../support/trunk.ts";
import { until } from "../../support/until.ts";

// The telephone is at 127.0.0.1, and is heard from there alone: it has to be told an address that it
// reaches from there.
test.use({ serverOptions: ["--rtp-address", "127.0.0.1"] });

/** What the telephone says. */
const TELEPHONE_TONE = 400;
/** A sine at half of full scale has -6 dB; browsers adjust the level of a microphone. */
const PLAUSIBLE_LEVEL = { least: -40, most: 1 };

/** Makes the telephone the shop's default destination. */
function connect(
  shop: Shop,
  telephone: Baresip,
  codecs: readonly string[],
  codecPolicy?: Trunk["codecPolicy"],
  mediaEncryption?: Trunk["mediaEncryption"],
): Promise<string> {
  return connectTrunk(shop, {
    // Keys that must be secret need signalling that is.
    ...(mediaEncryption === "required"
      ? { transport: "tls", port: telephone.tlsPort }
      : { port: telephone.port }),
    codecs,
    ...(codecPolicy && { codecPolicy }),
    ...(mediaEncryption && { mediaEncryption }),
  });
}

/**
 * Waits until the telephone has heard a tone as loud as the visitor says it. The tone comes in bursts, and a
 * window of sound that one only touches is faint: the loudest counts.
 */
function expectTelephoneHears(telephone: Baresip, hertz: number): Promise<boolean> {
  const { least, most } = PLAUSIBLE_LEVEL;
  return until(
    `the telephone hears ${hertz} Hz at ${least} to ${most} dB`,
    () => {
      const sound = telephone.heard();
      const levels = (sound ? [...tones(sound)] : [])
        .filter((one) => Math.abs(one.hertz - hertz) < 20 && one.above > 20)
        .map((one) => one.level);
      const loudest = Math.max(...levels);
      return loudest > least && loudest < most;
    },
    30_000,
  );
}

interface Manner {
  readonly name: string;
  readonly codec: Codec;
  readonly policy?: "opus";
  /** On the trunk, and at the telephone. */
  readonly encryption?: readonly ["optional" | "required", Encryption];
}

const MANNERS: readonly Manner[] = [
  { name: "in A-law from end to end", codec: "PCMA" },
  { name: "in Opus from end to end", codec: "opus" },
  { name: "in Opus to the browser and µ-law to the telephone", codec: "PCMU", policy: "opus" },
  { name: "with encryption because both can", codec: "PCMA", encryption: ["optional", "srtp"] },
  {
    name: "with encryption because both insist",
    codec: "PCMA",
    encryption: ["required", "srtp-mand"],
  },
];

for (const { name, codec, policy, encryption } of MANNERS) {
  test(`a browser and a telephone hear each other ${name}`, async ({ page, context, shop }) => {
    const telephone = await startBaresip(codec, TELEPHONE_TONE, encryption?.[1]);
    try {
      await connect(shop, telephone, [codec.toLowerCase()], policy, encryption?.[0]);
      await spyOnPeers(context);
      const widget: Frame = await shop.open(page);
      await widget.getByRole("button", { name: "Call now" }).click();
      await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();

      const atVisitor = await hear(widget, TELEPHONE_TONE);
      expect(atVisitor, "the visitor hears the telephone").not.toBeNull();
      expect(atVisitor?.level).toBeGreaterThan(-12);
      expect(atVisitor?.level).toBeLessThan(0);
      await expectTelephoneHears(telephone, TONE);
      const spoken = `audio/${policy ?? codec}`;
      const { codecs, targetBitrate } = await traffic(widget);
      expect(codecs).toEqual([spoken, spoken]);
      // What the server asks for where the telephone hears 8 kHz; 32,000 otherwise.
      if (policy === "opus") expect(targetBitrate).toBe(24_000);
      const isEncrypted = telephone
        .log()
        .includes("SRTP is Enabled (cryptosuite=AEAD_AES_128_GCM)");
      expect(isEncrypted).toBe(encryption !== undefined);

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

interface Heard {
  readonly packets: number;
  readonly lost: number;
  readonly roundTripMs: number | null;
}

test("browser, server and telephone understand each other's reports", async ({
  page,
  context,
  shop,
}) => {
  const telephone = await startBaresip("PCMA", TELEPHONE_TONE);
  try {
    await connect(shop, telephone, ["pcma"]);
    await spyOnPeers(context);
    const widget: Frame = await shop.open(page);
    await widget.getByRole("button", { name: "Call now" }).click();
    // Two reports of one side are 7.5 seconds apart at most, and 2.5 at least. So when the fifth is
    // here, browser and telephone have told of the first one.
    const told = await until(
      "the server reports",
      async () => {
        const told = await reports(widget);
        return told.ofSender >= 5 && told.roundTrip !== null ? told : undefined;
      },
      40_000,
    );
    expect(told.roundTrip).toBeLessThan(0.2);
    await widget.getByRole("button", { name: "Hang up" }).click();
    const { headers } = await shop.sink.waitFor("call_ended");
    const call = await shop.server.api<{ quality: { visitor: Heard; farSide: Heard } }>(
      "GET",
      `/v1/apps/${shop.appId}/calls/${headers["bellpush-call-id"]}`,
    );
    for (const side of [call.quality.visitor, call.quality.farSide]) {
      expect(side.packets).toBeGreaterThan(400);
      expect(side.lost).toBeLessThan(20);
      expect(side.roundTripMs).not.toBeNull();
      expect(side.roundTripMs).toBeLessThan(200);
    }
  } finally {
    await telephone.stop();
  }
});

test("Firefox and a telephone hear each other", async ({ shop }) => {
  const tone = 700;
  const telephone = await startBaresip("PCMA", TELEPHONE_TONE);
  const browser = await startFirefox(tone);
  try {
    await connect(shop, telephone, ["pcma"]);
    const url = shop.widgetUrl();
    shop.host.html = embeddingPage(url);
    const { widget } = await openShop(browser, shop.host.origin, url);
    await widget.locator("::-p-aria([name='Call now'][role='button'])").click();
    expect(await hear(widget, TELEPHONE_TONE, 30_000), "the visitor hears").not.toBeNull();
    await expectTelephoneHears(telephone, tone);
    await widget.locator("::-p-aria([name='Hang up'][role='button'])").click();
    const delivered = await shop.sink.waitFor("call_ended");
    expect(delivered.event.data).toMatchObject({ reason: "user_hangup" });
  } finally {
    await browser.close();
    await telephone.stop();
  }
});

for (const { name, encryption, atTelephone } of [
  { name: "that does not encrypt, where it must", encryption: "required", atTelephone: "none" },
  {
    name: "that insists on encryption, where there is none",
    encryption: "off",
    atTelephone: "srtp-mand",
  },
] as const) {
  test(`there is no call with a telephone ${name}`, async ({ page, shop }) => {
    const telephone = await startBaresip("PCMA", TELEPHONE_TONE, atTelephone);
    try {
      await connect(shop, telephone, ["pcma"], "pass_through", encryption);
      const widget = await shop.open(page);
      await widget.getByRole("button", { name: "Call now" }).click();
      const failed = await messageNamed(page, "call_error");
      expect(failed.data.event.data).toMatchObject({ errorCode: "destination_rejected" });
    } finally {
      await telephone.stop();
    }
  });
}
