/** A phone system lets calls wait in a queue, and puts them through: the visitor reads of it. */

import { expect } from "@playwright/test";

import { test } from "../../support/shop.ts";
import { startTelephone } from "../../support/telephone.ts";
import { TELEPHONE_TONE } from "../../support/trouble.ts";
import { connectTrunk } from "../../support/trunk.ts";
import { SAYS, visit } from "../../support/visitor.ts";

test.use({ serverOptions: ["--rtp-address", "127.0.0.1"] });

test("a queue and a transfer are told in words", async ({ shop }) => {
  const telephone = await startTelephone({
    says: TELEPHONE_TONE,
    hears: SAYS.chromium,
    waits: true,
  });
  try {
    await connectTrunk(shop, { port: telephone.port, codecs: ["pcma"] });
    await visit("chromium", "given", shop, async ({ press, sees, widget, told }) => {
      await press("Call now");
      await telephone.called;
      telephone.queue("2 calls queued; expected waiting time is 3 minutes");
      await sees("Your place in the queue: 2. Expected wait: 3 minutes.");
      await sees("Ringing…");
      telephone.queue("Position 1");
      await sees("Your place in the queue: 1.");
      telephone.answer();
      await sees("Connected");
      const text = await (await widget()).evaluate(() => document.body.innerText);
      expect(text, "who is connected does not wait any more").not.toContain("queue");
      telephone.transfer("manager");
      await sees("You were put through to someone else.");
      await press("Hang up");
      await told("call_ended");
    });
  } finally {
    telephone.stop();
  }
});
