/** What can be wrong with the microphone, as the browsers themselves have it. */

import { expect } from "@playwright/test";

import { embeddingPage } from "../../support/host.ts";
import { hear } from "../../support/media.ts";
import { startSoundServer } from "../../support/pulse.ts";
import { test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";
import { BROWSERS, SAYS, visit } from "../../support/visitor.ts";

for (const browser of BROWSERS) {
  test(`${browser}: a visitor who has refused the microphone`, async ({ shop }) => {
    await visit(browser, "refused", shop, async ({ press, sees, told, setMicrophone, widget }) => {
      await press("Call now");
      const failed = await told("call_error");
      expect(failed.event.data).toMatchObject({ errorCode: "microphone_denied" });
      expect(await shop.sink.waitFor("call_error")).toMatchObject({ id: failed.id });
      expect(shop.sink.received.map(({ event }) => event.name)).not.toContain("call_started");
      if (browser === "chromium") {
        await sees("The microphone was not allowed");
        // Allowed after all, in the browser's own settings: the call goes on by itself.
        await setMicrophone("granted");
        await sees("Connected");
        expect(await hear(await widget(), SAYS[browser])).not.toBeNull();
      } else {
        // It does not tell who has refused.
        await sees("The microphone is blocked for this page");
        await press("Call without a microphone");
        await sees("Connected");
      }
    });
  });

  test(`${browser}: a page that does not let the widget have the microphone`, async ({ shop }) => {
    const html = embeddingPage(shop.widgetUrl()).replace(/allow="[^"]*"/, "");
    await visit(
      browser,
      "given",
      shop,
      async ({ press, sees, told }) => {
        await press("Call now");
        const failed = await told("call_error");
        expect(failed.event.data).toMatchObject({ errorCode: "microphone_denied" });
        await sees(
          browser === "chromium"
            ? "This page does not let calls use the microphone"
            : "The microphone is blocked for this page, by the page itself",
        );
      },
      html,
    );
  });

  // Chromium without a screen answers such a question itself, with no.
  test(`${browser}: a question that nobody answers can be given up`, async ({ shop }) => {
    test.skip(browser === "chromium", "it needs a screen for that");
    await visit(browser, "unanswered", shop, async ({ press, sees, events, widget }) => {
      await press("Call now");
      await sees("Allow your microphone");
      await press("Cancel");
      await sees("Talk to us");
      // And asked again.
      await press("Call now");
      await sees("Allow your microphone");
      await press("Cancel");
      await sees("Talk to us");
      expect((await events()).map(({ event }) => event.name)).toEqual(["widget_loaded"]);
      const open = await (await widget()).evaluate(
        () => (window as unknown as { peers: RTCPeerConnection[] }).peers.length,
      );
      expect(open, "no connection was made").toBe(0);
    });
  });

  test(`${browser}: no microphone, and a call to listen and use the keypad`, async ({ shop }) => {
    await visit(browser, "missing", shop, async ({ press, sees, told }) => {
      await press("Call now");
      const failed = await told("call_error");
      expect(failed.event.data).toMatchObject({ errorCode: "microphone_unavailable" });
      await sees("No microphone could be used");
      await press("Call without a microphone");
      await sees("You are listening without a microphone");
      await sees("Connected");
      await press("Keypad");
      await press("Star");
      const ended = await told("call_ended");
      expect(ended.event.data).toMatchObject({ reason: "remote_hangup" });
    });
  });

  test(`${browser}: a second click of the same gesture presses nothing`, async ({ shop }) => {
    await visit(browser, "given", shop, async ({ press, sees, events, widget }) => {
      await press("Call now", 2);
      await sees("Connected");
      expect(await hear(await widget(), SAYS[browser], 30_000)).not.toBeNull();
      expect((await events()).map(({ event }) => event.name)).toEqual([
        "widget_loaded",
        "call_started",
      ]);
      await press("Hang up", 2);
      // A second press would have skipped the survey and called again.
      await sees("How did we do?");
      await shop.sink.waitFor("call_ended");
      expect(shop.sink.received.filter(({ event }) => event.name === "call_started")).toHaveLength(1);
    });
  });
}

for (const browser of BROWSERS) {
  test(`${browser}: microphones that are pulled out in the call`, async ({ shop }) => {
    const devices = await startSoundServer();
    try {
      // Each has a tone of its own, also since the cancellation of echoes learns one that comes back.
      const desk = devices.plugIn("desk", 700);
      const headset = devices.plugIn("headset", 1_000);
      await visit(browser, devices, shop, async ({ press, sees, widget, told }) => {
        await press("Call now");
        await sees("Connected");
        const frame = await widget();
        expect(await hear(frame, 1_000, 30_000), "the headset").not.toBeNull();
        headset.pullOut();
        expect(await hear(frame, 700, 30_000), "the other one in its place").not.toBeNull();
        desk.pullOut();
        await sees("Your microphone is gone");
        await sees("Connected");
        devices.plugIn("lapel", 1_300);
        await until("the warning is gone", () =>
          frame.evaluate(() => !document.body.innerText.includes("Your microphone is gone")),
        );
        expect(await hear(frame, 1_300, 30_000), "the new one").not.toBeNull();
        await press("Hang up");
        const ended = await told("call_ended");
        expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
      });
    } finally {
      await devices.stop();
    }
  });
}

test("chromium: a microphone that is taken away in the call, and given back", async ({ shop }) => {
  await visit("chromium", "given", shop, async ({ press, sees, setMicrophone, widget, told }) => {
    await press("Call now");
    await sees("Connected");
    expect(await hear(await widget(), SAYS.chromium)).not.toBeNull();
    // The browser ends the track, as it does when a device is pulled out.
    await setMicrophone("denied");
    await sees("Your microphone is gone");
    await setMicrophone("granted");
    const frame = await widget();
    await until("the warning is gone", () =>
      frame.evaluate(() => !document.body.innerText.includes("Your microphone is gone")),
    );
    expect(await hear(frame, SAYS.chromium, 30_000), "heard again").not.toBeNull();
    await press("Hang up");
    const ended = await told("call_ended");
    expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
  });
});
