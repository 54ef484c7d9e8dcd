/** Analytics in Call Studio: what visitors did is counted, filtered, explained, and leads to its calls. */

import { readFile } from "node:fs/promises";

import { expect, type Page } from "@playwright/test";

import { PLAIN, seeded } from "../../support/seed.ts";
import { inaccessibleInBoth, settled, test } from "../../support/studio.ts";
import { until } from "../../support/until.ts";
import { visit } from "../../support/visits.ts";

const funnel = (page: Page) => page.getByRole("region", { name: "From load to rating" });
const step = (page: Page, name: string) =>
  funnel(page).getByRole("listitem").filter({ hasText: name });

test("what visitors did is counted, filtered, and leads to its calls", async ({
  studio: { page, server, open },
}) => {
  test.setTimeout(240_000);
  const at = await seeded(server, page, PLAIN);
  const { appId } = at;
  const { items } = await server.api<{ items: { key: string }[] }>(
    "GET",
    `/v1/apps/${appId}/widget-keys`,
  );
  const key = items[0]?.key ?? "";
  await visit(server, { appId, key, browser: "Firefox", language: "de-DE", loads: 30, denied: 4 });
  await visit(server, { appId, key, browser: "Chrome", language: "en", loads: 25, denied: 0 });
  await until("all is counted", async () => {
    type Summary = { total: { loads: number; refused: number; rated: number } };
    const { total } = await server.api<Summary>("GET", `/v1/apps/${appId}/analytics`);
    // The page of the real call has loaded it, too.
    return total.loads === 56 && total.refused === 4 && total.rated === 1;
  });
  await open(`apps/${appId}/analytics`);
  await settled(page);

  await expect(step(page, "Loads")).toContainText("56");
  await expect(step(page, "Taps")).toContainText("5");
  await expect(step(page, "Microphone allowed")).toContainText("1");
  await expect(step(page, "Microphone allowed")).toContainText("too few for a share");
  await expect(step(page, "Taps")).toContainText("of the step before");
  await expect(step(page, "Rated")).toContainText("1");
  await expect(page.getByText("Too few calls").first()).toBeVisible();
  await expect(page.getByText("Times are those of Europe/Berlin").first()).toBeVisible();
  await expect(page.getByText(/^Times are those of .* Counted up to/).first()).toBeVisible();
  // Business hours were set when the app was made, and a design published after it.
  await expect(page.getByText(/^Marks: \d+$/).first()).toBeVisible();

  await page.getByRole("button", { name: /^What “Answer rate” means/ }).focus();
  await expect(page.getByRole("tooltip", { name: /both sides heard each other/ })).toBeVisible();

  await page.getByText("Browser", { exact: true }).click();
  const browsers = page.getByRole("table", { name: "Browser" });
  await browsers.getByText("Firefox").click();
  await expect(page).toHaveURL(/browser=Firefox/);
  await expect(step(page, "Loads")).toContainText("30");
  await page.reload();
  await settled(page);
  await expect(step(page, "Loads")).toContainText("30");
  await expect(page.getByText("The microphone was not allowed").first()).toBeVisible();
  await page.getByRole("button", { name: "Remove the filter Browser: Firefox" }).click();
  await expect(step(page, "Loads")).toContainText("56");

  const overTime = page.getByRole("region", { name: "Over time" });
  await expect(overTime.getByRole("img", { name: /^Calls: 1 in all/ })).toBeVisible();
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await overTime.getByText("Table", { exact: true }).click();
  await expect(overTime.getByRole("table").locator("tbody tr")).toHaveCount(30);
  const download = page.waitForEvent("download");
  await overTime.getByRole("link", { name: "Download these rows as CSV" }).click();
  const file = await readFile(await (await download).path(), "utf8");
  expect(file.split("\r\n")).toHaveLength(32);
  expect(file).toMatch(/^"start","end",.*"accepted"/);

  await page.setViewportSize({ width: 360, height: 800 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 800 });

  const ratings = page.getByRole("region", { name: "Ratings" });
  await ratings.getByRole("link", { name: "Calls: 4 / 5" }).click();
  await expect(page.getByRole("heading", { name: "Calls", level: 1 })).toBeVisible();
  await expect(page.getByText("1 call", { exact: true })).toBeVisible();
  await expect(page.getByRole("table", { name: "Calls" }).locator("tbody tr")).toHaveCount(1);
});

test("outages of a trunk and of an integration are marked on the chart, and said in its description", async ({
  studio: { page, server, open },
}) => {
  test.setTimeout(120_000);
  const { api } = server;
  const app = await api<{ id: string }>("POST", "/v1/apps", {
    name: "Shop",
    allowedOrigins: ["https://shop.example"],
  });
  const at = `/v1/apps/${app.id}`;
  // Nobody listens at either.
  const trunk = await api<{ id: string }>("POST", "/v1/trunks", {
    name: "Provider",
    domain: "127.0.0.1",
    port: 9,
    transport: "tcp",
    keepAliveSeconds: 5,
  });
  await api("POST", `${at}/destinations`, {
    name: "Sales",
    kind: "sip",
    trunkId: trunk.id,
    to: "100",
  });
  const integration = await api<{ id: string }>("POST", `${at}/integrations`, {
    name: "CRM",
    url: "http://127.0.0.1:1/",
    events: ["widget_loaded"],
  });
  const { key } = await api<{ key: string }>("POST", `${at}/widget-keys`);
  const appId = app.id;
  await visit(server, { appId, key, browser: "Chrome", language: "en", loads: 40, denied: 0 });
  const kinds = async () => {
    const { items } = await api<{ items: { kind: string }[] }>("GET", `${at}/analytics/marks`);
    return items.map(({ kind }) => kind).sort();
  };
  await until(
    "both outages are kept",
    async () => (await kinds()).join() === "integration_down,trunk_down" || undefined,
    60_000,
  );
  // It is replaced: that is the end of one of them.
  await api("PATCH", `${at}/integrations/${integration.id}`, { active: false });
  await until("the end is kept", async () => (await kinds()).length === 3 || undefined);

  await open(`apps/${appId}/analytics?figure=loads`);
  const overTime = page.getByRole("region", { name: "Over time" });
  const chart = overTime.getByRole("img", { name: /Marks: / });
  for (const outage of [
    "Trunk Provider out of order",
    "Integration CRM out of order",
    "Integration CRM well again",
  ]) {
    await expect(chart).toHaveAccessibleName(new RegExp(`Marks: .*${outage}`));
  }
  await overTime.getByText("Marks: 3").click();
  const marks = overTime.getByRole("listitem");
  await expect(marks).toHaveCount(3);
  await expect(marks.filter({ hasText: "Integration CRM out of order" })).toBeVisible();
  expect(await inaccessibleInBoth(page)).toEqual([]);
});

test("analytics without a visit says what would end that", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<{ id: string }>("POST", "/v1/apps", { name: "Quiet" });
  await open(`apps/${app.id}/analytics`);
  await expect(page.getByText("Nothing was counted in these days")).toBeVisible();
  await expect(page.getByRole("link", { name: "Get the snippet" })).toBeVisible();
  await page.goto(`${page.url()}?browser=Netscape`);
  await expect(page.getByText("Nothing matches")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page.getByText("Nothing was counted in these days")).toBeVisible();
  await page.getByText("7 days", { exact: true }).click();
  await expect(page).toHaveURL(/days=7/);
  expect(await inaccessibleInBoth(page)).toEqual([]);
});
