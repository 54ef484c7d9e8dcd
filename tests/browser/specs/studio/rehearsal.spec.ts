/** Rehearsals, as they are seen in Call Studio, with a real receiver and a real call. */

import { expect, type Page } from "@playwright/test";

import { startSink } from "../../support/sink.ts";
import { inaccessibleInBoth, open, test, watch } from "../../support/studio.ts";
import { until } from "../../support/until.ts";
import { widgetLoaded } from "../../support/visits.ts";

interface Named {
  readonly id: string;
}

/** A rule is looked at once a minute. */
const LOOKED_AT = 80_000;

const shop = { name: "Shop", allowedOrigins: ["https://shop.example"] };

test("an endpoint that fails for 30 seconds is retried, held back and recovers, and a real event is delivered meanwhile", async ({
  page,
  server,
}) => {
  test.setTimeout(180_000);
  const faults = watch(page);
  const { api } = server;
  const sink = await startSink();
  const app = await api<Named>("POST", "/v1/apps", shop);
  const at = `/v1/apps/${app.id}`;
  const integration = await api<Named & { signingSecret: string }>("POST", `${at}/integrations`, {
    name: "Orders",
    url: sink.url,
    events: ["widget_loaded"],
  });
  sink.secret = integration.signingSecret;

  const path = `apps/${app.id}/integrations/${integration.id}`;
  await open(page, server, `${path}?tab=rehearsal`);
  await expect(page.getByText("Nothing of test calls comes here yet")).toBeVisible();
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.getByRole("button", { name: "To the settings" }).click();
  await page.getByRole("switch", { name: "Tests too" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("tab", { name: "Rehearsal" }).click();

  await page.getByRole("combobox", { name: "For how long" }).click();
  await page.getByRole("option", { name: "30 seconds" }).click();
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.getByRole("button", { name: "Begin the rehearsal" }).click();
  await expect(page.getByRole("timer")).toContainText("ends by itself in 0:");
  await page.getByRole("button", { name: "Send ten" }).click();
  await expect(page.getByText("Open: held back")).toBeVisible();
  const attempts = page.getByRole("table", { name: "Attempts" });
  await expect(attempts.getByText("rehearsed, nothing sent")).toHaveCount(10);
  await expect(attempts.getByText("500")).toHaveCount(10);
  expect(await inaccessibleInBoth(page)).toEqual([]);
  expect(sink.received).toHaveLength(0);

  await widgetLoaded(server, app.id);
  const real = await sink.waitFor("widget_loaded");
  expect(real.event.data["isPreview"]).toBe(false);
  await expect(page.getByText("Working", { exact: true })).toBeVisible();

  // It ends by itself, a probe finds the receiver well, and what waited is delivered.
  await expect(page.getByRole("timer")).toHaveCount(0, { timeout: 45_000 });
  await until("all are delivered", () => sink.received.length === 11 || undefined, 60_000);
  await expect(attempts.getByText("Delivered")).toHaveCount(10, { timeout: 20_000 });
  await expect(page.getByRole("button", { name: "Begin the rehearsal" })).toBeVisible();
  await expect(page.getByRole("table", { name: "Earlier rehearsals" })).toContainText(
    "lasted 0:30",
  );
  const health = await api<{ breaker: { state: string; failedProbes: number } }>(
    "GET",
    `${at}/integrations/${integration.id}/health`,
  );
  expect(health.breaker).toMatchObject({ state: "closed", failedProbes: 0 });
  await expectWholeOnPhone(page, "Attempts");
  await expectWholeOnPhone(page, "Earlier rehearsals");
  expect(await inaccessibleInBoth(page)).toEqual([]);
  expect(faults).toEqual([]);
  sink.stop();
});

test("an alert fires within a rehearsal and recovers after it, and both are seen while they happen", async ({
  page,
  server,
}) => {
  test.setTimeout(540_000);
  const faults = watch(page);
  const { api } = server;
  const [sink, told] = [await startSink(), await startSink()];
  const app = await api<Named>("POST", "/v1/apps", shop);
  const at = `/v1/apps/${app.id}`;
  const integrate = async (receiver: typeof sink, settings: object) => {
    const made = await api<Named & { signingSecret: string }>("POST", `${at}/integrations`, {
      url: receiver.url,
      ...settings,
    });
    receiver.secret = made.signingSecret;
    return made.id;
  };
  const orders = await integrate(sink, {
    name: "Orders",
    events: ["widget_loaded"],
    includePreviews: true,
  });
  await integrate(told, { name: "Operators", events: ["alert_fired", "alert_recovered"] });
  await api("POST", `${at}/alert-rules`, {
    name: "Orders are held back",
    kind: "breaker_open",
    integrationId: orders,
    includePreviews: true,
    holdMinutes: 0,
    recoveryMinutes: 1,
  });

  await open(page, server, `apps/${app.id}/integrations/${orders}?tab=rehearsal`);
  await page.getByRole("button", { name: "Begin the rehearsal" }).click();
  await page.getByRole("button", { name: "Send ten" }).click();
  await expect(page.getByText("Open: held back")).toBeVisible();
  await expect(page.getByRole("link", { name: "Orders are held back" })).toBeVisible();
  await expect(page.getByText(/^Firing/)).toBeVisible({ timeout: LOOKED_AT });
  await expect(page.getByRole("timer"), "the rehearsal still runs").toBeVisible();
  const fired = await told.waitFor("alert_fired");
  expect(fired.event.data["kind"]).toBe("breaker_open");
  expect(await inaccessibleInBoth(page)).toEqual([]);
  expect(sink.received).toHaveLength(0);

  // Nobody ends it. A probe finds the endpoint well, what waited is delivered, and the alert recovers.
  await expect(page.getByRole("timer")).toHaveCount(0, { timeout: 130_000 });
  await until("all are delivered", () => sink.received.length === 10 || undefined, 60_000);
  const attempts = page.getByRole("table", { name: "Attempts" });
  await expect(attempts.getByText("Delivered")).toHaveCount(10, { timeout: 20_000 });
  // Well at one look, at the next perhaps a moment less than a minute, and over at the third.
  await expect(page.getByText(/^Normal/)).toBeVisible({ timeout: LOOKED_AT * 3 });
  const over = await told.waitFor("alert_recovered");
  expect(over.event.data["alertId"]).toBe(fired.event.data["alertId"]);
  expect(told.received).toHaveLength(2);
  expect(faults).toEqual([]);
  sink.stop();
  told.stop();
});

test("a test call is seen to be refused by the trunk, and taken by the overflow", async ({
  page,
  server,
}) => {
  test.setTimeout(120_000);
  const faults = watch(page);
  const { api } = server;
  const app = await api<Named>("POST", "/v1/apps", shop);
  const at = `/v1/apps/${app.id}`;
  const { items } = await api<{ items: (Named & { name: string })[] }>("GET", `${at}/destinations`);
  const [demo] = items;
  await api("POST", `${at}/widget-keys`, {});
  // Nobody listens there, and nobody is called.
  const trunk = await api<Named>("POST", "/v1/trunks", {
    name: "Provider",
    domain: "127.0.0.1",
    port: 9,
  });
  const profile = await api<Named>("POST", `${at}/destinations`, {
    name: "Sales",
    kind: "sip",
    trunkId: trunk.id,
    to: "100",
    overflow: demo?.id,
  });
  await open(page, server, `apps/${app.id}/profiles/${profile.id}`);
  await begin(page, "The far side is busy");
  await expect(page.getByText("No test call yet")).toBeVisible();
  await expect(page.getByText("What the trunk said to each")).toBeVisible();
  await expect(page.getByText(/leads to the demo/)).toHaveCount(0);
  await page.getByRole("button", { name: "Make a test call" }).click();
  const widget = page.frameLocator("iframe");
  await widget.getByRole("button", { name: "Call now" }).click();
  const calls = page.getByRole("table", { name: "Test calls" });
  // Behind the dialog, while the call goes on.
  await expect(calls.getByText("The trunk refused: 486 Busy Here")).toBeAttached();
  await expect(calls.getByText(`Overflow: ${demo?.name} took it`)).toBeAttached();
  await page.getByRole("button", { name: "Close the test call" }).click();
  await expect(calls.getByText("It was hung up")).toBeVisible({ timeout: 60_000 });
  await expect(calls.getByRole("row")).toHaveCount(2);
  await expectWholeOnPhone(page, "Test calls");
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.getByRole("button", { name: "End it now" }).click();
  await expect(calls.getByText("The trunk refused: 486 Busy Here")).toBeVisible();
  await calls.getByRole("link", { name: "Answered" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  expect(faults).toEqual([]);
});

test("a test call meets a busy trunk, and a denied microphone, while a visitor's document knows nothing", async ({
  page,
  server,
}) => {
  test.setTimeout(120_000);
  const faults = watch(page);
  const app = await server.api<Named>("POST", "/v1/apps", shop);
  const at = `/v1/apps/${app.id}`;
  const { items } = await server.api<{ items: Named[] }>("GET", `${at}/destinations`);
  const key = await server.api<{ key: string }>("POST", `${at}/widget-keys`, {});
  await open(page, server, `apps/${app.id}/profiles/${items[0]?.id}`);

  await begin(page, "The far side is busy");
  await call(page, "Busy");
  const calls = page.getByRole("table", { name: "Test calls" });
  await expect(calls.getByText(/^It failed: /)).toBeVisible();
  // The demo has no trunk: what a trunk would have said is no step, and the screen says why.
  await expect(page.getByText("This profile leads to the demo, which has no trunk")).toBeVisible();
  await expect(calls.getByText(/The trunk refused/)).toHaveCount(0);
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.getByRole("button", { name: "End it now" }).click();

  await begin(page, "The microphone is denied");
  const visitors = await fetch(`${server.url}/w/${app.id}?key=${key.key}`);
  expect(await visitors.text()).not.toContain("getUserMedia");
  await call(page, "microphone was not allowed");
  await expect(calls.getByText("No call was placed")).toBeVisible();
  await page.getByRole("button", { name: "End it now" }).click();
  await expect(page.getByRole("button", { name: "Begin the rehearsal" })).toBeVisible();

  const errors = await server.api<{ items: { event: { data: Record<string, unknown> } }[] }>(
    "GET",
    `${at}/events?name=call_error`,
  );
  const codes = errors.items.map(({ event }) => [event.data["errorCode"], event.data["isPreview"]]);
  expect(codes.sort()).toEqual([
    ["destination_busy", true],
    ["microphone_denied", true],
  ]);
  expect(faults).toEqual([]);
});

/** On a phone each row is a block of names and values, all of which are within the screen. */
async function expectWholeOnPhone(page: Page, label: string): Promise<void> {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  const cells = page.locator(`table[aria-label="${label}"] td`);
  await expect(cells.first()).toBeVisible();
  const ends = await cells.evaluateAll((all) =>
    all.flatMap((cell) => [...cell.children].map((child) => child.getBoundingClientRect().right)),
  );
  expect(ends.length).toBeGreaterThan(0);
  expect(Math.max(...ends), `the end of ${label}`).toBeLessThanOrEqual(360);
  if (size !== null) {
    await page.setViewportSize(size);
  }
}

async function begin(page: Page, fault: string): Promise<void> {
  await page.getByRole("radio", { name: fault }).check();
  await page.getByRole("button", { name: "Begin the rehearsal" }).click();
  await expect(page.getByRole("timer")).toBeVisible();
}

/** A test call that comes to nothing, of which the widget says this. */
async function call(page: Page, says: string): Promise<void> {
  await page.getByRole("button", { name: "Make a test call" }).click();
  const widget = page.frameLocator("iframe");
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByText(new RegExp(says, "i")).first()).toBeVisible({ timeout: 20_000 });
  await page.getByRole("button", { name: "Close the test call" }).click();
}
