/** A visitor's call from tap to survey, with real media, and its events at all three places. */

import { expect } from "@playwright/test";

import { hear, spyOnPeers, traffic } from "../support/media.ts";
import { messageNamed, messages, test } from "../support/shop.ts";
import { TONE } from "../support/tone.ts";
import { until } from "../support/until.ts";

/** Custom code that reports every event it hears, so that the test can see its ids. */
const LISTENER = `<script>
  c2c.on("*", (event) => {
    if (event.name !== "heard") {
      c2c.emit("heard", {
        id: event.id,
        envelope: JSON.stringify({ name: event.name, data: event.data, timestamp: event.timestamp }),
        order: event.context.orderId,
      });
    }
  });
</script>`;

test.beforeEach(async ({ context }) => {
  await spyOnPeers(context);
});

test("a call's events reach parent page, custom code and webhook with the same ids", async ({
  page,
  shop,
}) => {
  await shop.change({ customCode: { head: "", body: LISTENER } });
  const widget = await shop.open(page);

  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();

  // Both ways: packets by the browser's own count, and the visitor's own tone coming back.
  const heard = await hear(widget, TONE);
  expect(heard, "the tone is heard, clear of all else").not.toBeNull();
  const before = await traffic(widget);
  expect(before.packetsSent).toBeGreaterThan(50);
  expect(before.packetsReceived).toBeGreaterThan(50);
  await until("50 more packets went each way", async () => {
    const now = await traffic(widget);
    return (
      now.packetsSent >= before.packetsSent + 50 &&
      now.packetsReceived >= before.packetsReceived + 50
    );
  });

  await widget.getByRole("button", { name: "Hang up" }).click();
  const ended = await messageNamed(page, "call_ended");
  expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });
  expect(ended.data.event.data["duration"]).toBeGreaterThanOrEqual(1);

  await answerSurvey(widget);
  await messageNamed(page, "survey_submitted");
  await widget.getByRole("button", { name: "Copy the code" }).click();
  await messageNamed(page, "custom_button_clicked");

  const expected = [
    "widget_loaded",
    "call_started",
    "call_ended",
    "survey_submitted",
    "custom_button_clicked",
  ];
  for (const name of expected) await shop.sink.waitFor(name);

  const catalogue = (await messages(page)).filter(({ data }) => data.event.name !== "heard");
  expect(catalogue.map(({ data }) => data.event.name)).toEqual(expected);
  for (const { origin, data } of catalogue) {
    expect(origin).toBe(shop.server.url);
    expect(data).toMatchObject({ source: "bellpush", version: 1 });
    expect(Object.keys(data.event).sort()).toEqual(["data", "name", "timestamp"]);
    expect(data.event.data.context).toEqual({ orderId: "A-12345", customerTier: "gold" });
    expect(data.event.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

    const atWebhook = shop.sink.received.find(({ id }) => id === data.id);
    expect(atWebhook?.event, `${data.event.name} at the webhook`).toEqual(data.event);

    const atCustomCode = await until(`custom code heard ${data.event.name}`, async () =>
      (await messages(page)).find(
        (one) => one.data.event.name === "heard" && one.data.event.data["id"] === data.id,
      ),
    );
    expect(JSON.parse(String(atCustomCode.data.event.data["envelope"]))).toEqual(data.event);
    expect(atCustomCode.data.event.data["order"]).toBe("A-12345");
  }
  const survey = catalogue.find(({ data }) => data.event.name === "survey_submitted");
  expect(survey?.data.event.data).toMatchObject({ rating: 4.5, answerCount: 2, hasComment: true });

  // The same log, read back by the API, by call id and by context.
  const callId = shop.sink.received.find(({ event }) => event.name === "call_ended")?.headers[
    "bellpush-call-id"
  ];
  type Page = { items: { id: string; event: { name: string } }[] };
  const byCall = await shop.server.api<Page>("GET", `/v1/apps/${shop.appId}/events?callId=${callId}`);
  const ofTheCall = byCall.items.map(({ event }) => event.name).filter((name) => name !== "heard");
  expect(ofTheCall.reverse().slice(0, 3)).toEqual(["call_started", "call_ended", "survey_submitted"]);
  const byContext = await shop.server.api<Page>(
    "GET",
    `/v1/apps/${shop.appId}/events?context=orderId:A-12345&limit=100`,
  );
  const read = new Set(byContext.items.map(({ id }) => id));
  for (const { data } of catalogue) expect(read).toContain(data.id);
});

test("the star key makes the far side hang up", async ({ page, shop }) => {
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await widget.getByRole("button", { name: "Keypad" }).click();
  await widget.getByRole("button", { name: "Star" }).click();
  const ended = await messageNamed(page, "call_ended");
  expect(ended.data.event.data).toMatchObject({ reason: "remote_hangup" });
  const delivered = await shop.sink.waitFor("call_ended");
  expect(delivered.id).toBe(ended.data.id);
});

test("a refused microphone is a call_error without call_started", async ({ page, shop, context }) => {
  await context.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException("refused", "NotAllowedError"));
  });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  const failed = await messageNamed(page, "call_error");
  expect(failed.data.event.data).toMatchObject({ errorCode: "microphone_denied" });
  const delivered = await shop.sink.waitFor("call_error");
  expect(delivered).toMatchObject({ id: failed.data.id, event: failed.data.event });
  expect(shop.sink.received.map(({ event }) => event.name)).not.toContain("call_started");
  // Trying again is a call of its own, and fails for the same reason.
  await widget.getByRole("button", { name: "Try again" }).click();
  await until("the second call fails too", async () => {
    const failures = (await messages(page)).filter(({ data }) => data.event.name === "call_error");
    return failures.length === 2 && failures[0]?.data.id !== failures[1]?.data.id;
  });
});

async function answerSurvey(widget: import("@playwright/test").Frame): Promise<void> {
  const first = widget.getByRole("group", { name: "How well did you hear us?" });
  await first.getByRole("radio", { name: "4 of 5" }).check({ force: true });
  const second = widget.getByRole("group", { name: "Did we help you?" });
  await second.getByRole("radio", { name: "5 of 5" }).check({ force: true });
  await widget.getByRole("textbox", { name: "Anything else?" }).fill("All fine");
  await widget.getByRole("button", { name: "Send" }).click();
}
