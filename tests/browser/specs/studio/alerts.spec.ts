/** Alerts: a rule is made in Call Studio, fires and recovers, and people are told by webhook and mail. */

import { expect } from "@playwright/test";

import { startMailServer } from "../../support/mail.ts";
import { startServer } from "../../support/server.ts";
import { startSink } from "../../support/sink.ts";
import { inaccessible, open, test as base, watch } from "../../support/studio.ts";
import { until } from "../../support/until.ts";
import { widgetLoaded } from "../../support/visits.ts";

interface Named {
  readonly id: string;
}

const test = base.extend<{ mail: Awaited<ReturnType<typeof startMailServer>> }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names out of the pattern
  mail: async ({}, use) => {
    const mail = await startMailServer();
    await use(mail);
    mail.stop();
  },
  server: async ({ mail }, use) => {
    const sender = "Bellpush <bellpush@example.com>";
    const server = await startServer(["--smtp-url", mail.url, "--mail-from", sender]);
    await use(server);
    await server.stop();
  },
});

/** A rule is looked at once a minute. */
const LOOKED_AT = 80_000;

test("an alert fires and recovers, and each is told once by webhook and mail", async ({
  page,
  server,
  mail,
}) => {
  test.setTimeout(420_000);
  const faults = watch(page);
  const { api } = server;
  const told = await startSink();
  const app = await api<Named>("POST", "/v1/apps", {
    name: "Shop",
    allowedOrigins: ["https://shop.example"],
  });
  const at = `/v1/apps/${app.id}`;
  const integration = await api<Named & { signingSecret: string }>("POST", `${at}/integrations`, {
    name: "Operators",
    url: told.url,
    events: ["alert_fired", "alert_recovered"],
  });
  told.secret = integration.signingSecret;
  // Nobody listens there, so that its deliveries wait.
  const broken = await api<Named>("POST", `${at}/integrations`, {
    name: "Broken",
    url: "http://127.0.0.1:1/",
    events: ["widget_loaded"],
  });

  await open(page, server, `apps/${app.id}/alerts`);
  await page.getByRole("link", { name: /Deliveries pile up/ }).click();
  await page.getByLabel("Fires from").fill("1");
  await page.getByLabel("Minutes until it fires").fill("0");
  await page.getByLabel("Minutes until it is over").fill("1");
  await page.getByRole("combobox", { name: "E-mail to" }).fill("ada@example.com");
  await page.keyboard.press("Enter");
  await expect(page.locator("#content").getByText("Operators")).toBeVisible();
  await page.getByRole("button", { name: "Try it" }).click();
  await expect(page.getByText("It would never have fired.")).toBeVisible();
  await page.getByRole("button", { name: "New alert rule" }).click();
  await expect(page.getByRole("link", { name: "Deliveries pile up" })).toBeVisible();

  await widgetLoaded(server, app.id);
  await expect(page.getByText(/^Firing/)).toBeVisible({ timeout: LOOKED_AT });
  await expect(page.getByText("1 delivery of an integration waits (line: 1)")).toBeVisible();
  const fired = await told.waitFor("alert_fired");
  expect(fired.event.data["kind"]).toBe("backlog");
  const first = await until("the mail arrives", () => mail.mails[0]);
  expect(first.to).toEqual(["ada@example.com"]);
  expect(first.text).toContain("Subject: [Shop] Alert: Deliveries pile up");
  expect(first.text).toContain(`Message-ID: <${fired.id}@example.com>`);
  await page.reload();
  await expect(page.getByText("Goes on")).toBeVisible();
  await expect(page.getByText("ada@example.com: sent")).toBeVisible();
  expect(await inaccessible(page)).toEqual([]);

  // It is mended.
  await api("DELETE", `${at}/integrations/${broken.id}`);
  await expect(page.getByText(/^Recovering/)).toBeVisible({ timeout: LOOKED_AT });
  const over = await until(
    "the end is told",
    () => told.received.find(({ event }) => event.name === "alert_recovered"),
    LOOKED_AT * 2,
  );
  expect(over.event.data["alertId"]).toBe(fired.event.data["alertId"]);
  await until("the second mail arrives", () => mail.mails[1]);
  expect(mail.mails[1]?.text).toContain("Subject: [Shop] Over: Deliveries pile up");
  await page.reload();
  await expect(page.getByText("Normal")).toBeVisible();
  await expect(page.getByText("That it is over")).toBeVisible();
  expect(told.received.map(({ event }) => event.name)).toEqual(["alert_fired", "alert_recovered"]);
  expect(mail.mails).toHaveLength(2);

  await page.getByRole("link", { name: "Deliveries pile up" }).click();
  await page.getByRole("button", { name: "Silence" }).click();
  await page.getByRole("menuitem", { name: "For an hour" }).click();
  await expect(page.getByText(/^Silenced until/)).toBeVisible();
  await page.getByRole("button", { name: "End the silence" }).click();
  await expect(page.getByText(/^Silenced until/)).toHaveCount(0);
  expect(faults).toEqual([]);
  told.stop();
});
