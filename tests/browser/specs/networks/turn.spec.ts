/** A visitor whose network lets no UDP through calls by a TURN server. */

import { expect } from "@playwright/test";

import { hear, spyOnPeers } from "../../support/media.ts";
import { blockDirectMedia } from "../../support/network.ts";
import { messageNamed, test } from "../../support/shop.ts";
import { TONE } from "../../support/tone.ts";
import { startTurn } from "../../support/turn.ts";

const PORT = 19_000 + (process.pid % 1_000);
const RELAY = [22_000, 22_100] as const;
const SECRET = "north-by-northwest";

test.use({
  serverOptions: [
    "--turn-urls",
    `turn:127.0.0.1:${PORT}?transport=tcp`,
    "--turn-secret",
    SECRET,
  ],
});

test("UDP is blocked, and the call goes by TURN with the session's own credentials", async ({
  page,
  context,
  shop,
}) => {
  await spyOnPeers(context);
  const turn = await startTurn({ port: PORT, secret: SECRET, relay: RELAY });
  const mend = blockDirectMedia(shop.server.mediaPort, RELAY);
  try {
    const widget = await shop.open(page);
    await widget.getByRole("button", { name: "Call now" }).click();
    await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
    expect(await hear(widget, TONE), "the tone comes back by the relay").not.toBeNull();
    expect(turn.log()).toMatch(/ses_[0-9a-f]{32}/);
    const relayed = await widget.evaluate(async () => {
      const { peers } = window as unknown as { peers: RTCPeerConnection[] };
      const reports = [...((await peers.at(-1)?.getStats())?.values() ?? [])];
      const pair = reports.find((one) => one.type === "candidate-pair" && one.nominated);
      return reports.find((one) => one.id === pair?.localCandidateId)?.candidateType;
    });
    expect(relayed).toBe("relay");
    await widget.getByRole("button", { name: "Hang up" }).click();
    const ended = await messageNamed(page, "call_ended");
    expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });
  } finally {
    mend();
    await turn.stop();
  }
});
