/** A telephone that pauses, and sends comfort noise meanwhile: the browser's buffer stays as it was. */

import { expect } from "@playwright/test";
import type { Frame } from "puppeteer-core";

import { hear } from "../../support/media.ts";
import { test } from "../../support/shop.ts";
import { startTelephone } from "../../support/telephone.ts";
import { TELEPHONE_TONE } from "../../support/trouble.ts";
import { connectTrunk } from "../../support/trunk.ts";
import { until } from "../../support/until.ts";
import { SAYS, visit } from "../../support/visitor.ts";

test.use({ serverOptions: ["--rtp-address", "127.0.0.1"] });

/** How much longer sound may wait than before the pause, in milliseconds. */
const SLACK_MS = 60;

interface Buffered {
  /** Seconds that all samples have waited, and how many samples there were. */
  readonly delay: number;
  readonly emitted: number;
}

function buffered(frame: Frame): Promise<Buffered> {
  return frame.evaluate(async () => {
    const { peers } = window as unknown as { peers: RTCPeerConnection[] };
    for (const report of (await peers.at(-1)?.getStats())?.values() ?? []) {
      if (report.type === "inbound-rtp") {
        return { delay: report.jitterBufferDelay, emitted: report.jitterBufferEmittedCount };
      }
    }
    return { delay: 0, emitted: 0 };
  });
}

/** How long a sample waits, on average over some seconds of sound that comes. */
async function wait(frame: Frame, seconds: number): Promise<number> {
  const before = await buffered(frame);
  const end = performance.now() + seconds * 1000;
  await until(`${seconds} s have passed`, () => performance.now() > end);
  const after = await buffered(frame);
  return ((after.delay - before.delay) * 1000) / (after.emitted - before.emitted);
}

for (const codecPolicy of ["pass_through", "opus"] as const) {
  test(`the buffer stays flat through pauses of comfort noise: ${codecPolicy}`, async ({ shop }) => {
    test.setTimeout(120_000);
    const telephone = await startTelephone({ says: TELEPHONE_TONE, hears: SAYS.chromium });
    try {
      await connectTrunk(shop, { port: telephone.port, codecs: ["pcma"], codecPolicy });
      await visit("chromium", "given", shop, async ({ press, sees, widget, told }) => {
        await press("Call now");
        await sees("Connected");
        const frame = await widget();
        expect(await hear(frame, TELEPHONE_TONE)).not.toBeNull();
        await wait(frame, 2);
        const first = await wait(frame, 4);
        const waits = [first];
        for (let pause = 0; pause < 3; pause += 1) {
          telephone.pause();
          await wait(frame, 4);
          telephone.talk();
          expect(await hear(frame, TELEPHONE_TONE), "the telephone talks again").not.toBeNull();
          waits.push(await wait(frame, 2));
        }
        const said = waits.map((ms) => `${ms.toFixed(0)} ms`).join(", ");
        console.log(`${codecPolicy}: a sample waits ${said} before and after each pause`);
        for (const ms of waits) expect(ms, said).toBeLessThan(first + SLACK_MS);
        await press("Hang up");
        await told("call_ended");
      });
    } finally {
      telephone.stop();
    }
  });
}
