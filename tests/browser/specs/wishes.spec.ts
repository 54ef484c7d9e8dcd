/** What the visitor wishes holds from the moment it is wished, whatever is loaded by then. */

import { expect } from "@playwright/test";

import { call, command, NOTHING, sentLevel, spyOnMicrophones, stillOpen } from "../support/call.ts";
import { spyOnPeers } from "../support/media.ts";
import { messageNamed, messages, states, test } from "../support/shop.ts";
import { until } from "../support/until.ts";

test.beforeEach(async ({ context }) => {
  await spyOnPeers(context);
  await spyOnMicrophones(context);
});

test("mute pressed while the call's code loads is not heard, then and later", async ({
  page,
  shop,
}) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/widget/assets/call-*.js", async (route) => {
    await held;
    await route.continue();
  });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connecting…" })).toBeVisible();
  await widget.getByRole("button", { name: "Mute" }).click();
  release();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  const mute = widget.getByRole("button", { name: "Unmute" });
  await expect(mute).toHaveAttribute("aria-pressed", "true");
  expect(await sentLevel(widget)).toBe(0);
  await expect(widget.getByRole("status")).toContainText("Microphone off");
  // A new device obeys as well.
  await widget.evaluate(async () => {
    navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
  });
  expect(await sentLevel(widget)).toBe(0);
  expect((await states(page)).at(-1)).toMatchObject({ name: "calling", muted: true });
  await mute.click();
  await until("the visitor is heard again", async () => (await sentLevel(widget)) > 0.01);
});

test("call and hang up at once: nothing is called, and nothing stays open", async ({
  page,
  shop,
}) => {
  const widget = await shop.open(page);
  await command(widget, "call", "hangup");
  await expect(widget.getByRole("button", { name: "Call now" })).toBeVisible();
  await until("the microphone was given and let go", async () =>
    widget.evaluate(() => (window as unknown as { streams: MediaStream[] }).streams.length > 0),
  );
  await until("nothing is open", async () => {
    const open = await stillOpen(widget);
    return open.microphones === 0 && open.connections === 0;
  });
  expect((await messages(page)).map(({ data }) => data.event.name)).toEqual(["widget_loaded"]);
  // The next call is a call.
  await call(widget);
});

test("a hang-up while the call is asked for ends it for everybody", async ({ page, shop }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/v1/calls", async (route) => {
    await held;
    await route.continue();
  });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await widget.getByRole("button", { name: "Hang up" }).click();
  release();
  const ended = await shop.sink.waitFor("call_ended");
  expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
  await until("nothing is open", async () => {
    const open = await stillOpen(widget);
    return open.microphones === 0 && open.connections === 0;
  });
});

test("a question for the microphone that nobody answers can be given up at once", async ({
  page,
  context,
  shop,
}) => {
  await context.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => new Promise(() => {});
  });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await widget.getByRole("button", { name: "Cancel" }).click();
  await expect(widget.getByRole("button", { name: "Call now" })).toBeVisible();
  expect((await states(page)).at(-1)).toMatchObject({ name: "idle" });
});

test("a question for the microphone that stays open ends after two minutes", async ({
  page,
  context,
  shop,
}) => {
  await context.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => new Promise(() => {});
    // Long waits pass at once.
    const wait = window.setTimeout.bind(window);
    window.setTimeout = ((run: () => void, ms = 0) =>
      wait(run, ms === 120_000 ? 300 : ms)) as typeof window.setTimeout;
  });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  const failed = await messageNamed(page, "call_error");
  expect(failed.data.event.data).toMatchObject({ errorCode: "microphone_denied" });
  await expect(widget.getByRole("main").getByText("got no answer")).toBeVisible();
});

test("a double click on Call now is one call", async ({ page, shop }) => {
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).hover();
  await page.waitForLoadState("networkidle");
  await widget.getByRole("button", { name: "Call now" }).dblclick({ delay: 60 });
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await until("a second has passed in the call", async () =>
    (await states(page)).some(({ seconds }) => seconds >= 1),
  );
  await widget.getByRole("button", { name: "Hang up" }).dblclick({ delay: 60 });
  await messageNamed(page, "call_ended");
  await expect(widget.getByRole("heading", { name: "How did we do?" })).toBeVisible();
  expect(
    (await messages(page)).filter(({ data }) => data.event.name === "call_started"),
  ).toHaveLength(1);
});

test("an answer that the browser can't use is the same failure everywhere, and leaves nothing open", async ({
  page,
  context,
  shop,
}) => {
  await context.addInitScript(() => {
    RTCPeerConnection.prototype.setRemoteDescription = () =>
      Promise.reject(new DOMException("no", "InvalidAccessError"));
  });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("main").getByText("The connection for the sound was lost.")).toBeVisible();
  const failed = await messageNamed(page, "call_error");
  expect(failed.data.event.data).toMatchObject({ errorCode: "media_failed" });
  const delivered = await shop.sink.waitFor("call_error");
  expect(delivered.id).toBe(failed.data.id);
  expect(await stillOpen(widget)).toEqual(NOTHING);
});

test("a meter, a wake lock and a choice of loudspeaker that can't start cost no call", async ({
  page,
  context,
  shop,
}) => {
  await context.addInitScript(() => {
    const broken = () => {
      throw new DOMException("no", "NotSupportedError");
    };
    window.AudioContext = broken as unknown as typeof AudioContext;
    Object.defineProperty(navigator, "wakeLock", { get: broken });
    HTMLMediaElement.prototype.setSinkId = broken;
    navigator.mediaDevices.enumerateDevices = () => Promise.reject(new Error("no"));
  });
  const widget = await shop.open(page);
  await call(widget);
  await widget.getByRole("button", { name: "Audio" }).click();
  await expect(widget.getByText("There is nothing to choose from.")).toBeVisible();
  await widget.getByRole("button", { name: "Hang up" }).click();
  const ended = await messageNamed(page, "call_ended");
  expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });
});

test("Hang up is in sight on a phone that lies on its side", async ({ page, shop }) => {
  await page.setViewportSize({ width: 568, height: 320 });
  const widget = await shop.open(page);
  await page.evaluate(() => {
    const frame = document.querySelector("iframe");
    if (frame) frame.style.cssText = "position:fixed;inset:0;width:100%;height:100%;border:0";
  });
  await call(widget);
  await widget.getByRole("button", { name: "Keypad" }).click();
  await expect(widget.getByRole("button", { name: "Star" })).toBeVisible();
  const place = await widget.getByRole("button", { name: "Hang up" }).boundingBox();
  expect(place?.y).toBeGreaterThanOrEqual(0);
  expect((place?.y ?? 999) + (place?.height ?? 0)).toBeLessThanOrEqual(320);
});
