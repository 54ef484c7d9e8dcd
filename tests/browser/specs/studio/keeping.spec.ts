/** What is typed is saved whole or not at all, and what is sent is what was shown. */

import { expect } from "@playwright/test";

import { startSink } from "../../support/sink.ts";
import { test } from "../../support/studio.ts";
import { until } from "../../support/until.ts";
import { widgetLoaded } from "../../support/visits.ts";

interface Named {
  readonly id: string;
}

interface Listed {
  readonly items: readonly { readonly eventId: string; readonly status: string }[];
}

test("hours that can't be read are not saved beside those that can", async ({
  studio: { page, server, open },
}) => {
  const week = { monday: [{ from: "09:00", to: "17:00" }] };
  const app = await server.api<Named>("POST", "/v1/apps", {
    name: "Shop",
    hours: { timeZone: "UTC", week },
  });
  await open(`apps/${app.id}/hours`);
  const day = (name: string) => page.getByLabel(`Hours on ${name}`);
  await day("Monday").fill("9-12");
  await day("Tuesday").fill("9-25");
  await day("Tuesday").press("Enter");
  await expect(page.getByText("“25” is no time of a day")).toBeVisible();
  await expect(day("Tuesday")).toBeFocused();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(day("Tuesday")).toBeFocused();
  await expect(page.getByText("Saved", { exact: true })).toHaveCount(0);
  const kept = await server.api<{ hours: { week: object } }>("GET", `/v1/apps/${app.id}`);
  expect(kept.hours.week).toMatchObject(week);

  await day("Tuesday").fill("9-15");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved").first()).toBeVisible();
  // Round the clock and back, the week is the one that was there.
  const always = page.getByLabel("Round the clock, but for exceptions");
  await always.click();
  await expect(day("Monday")).toHaveCount(0);
  await always.click();
  await expect(day("Tuesday")).toHaveValue("09:00–15:00");
});

test("in a right-to-left page the arrow keys move a time to where they point", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", {
    name: "Shop",
    hours: { timeZone: "UTC", week: { monday: [{ from: "09:00", to: "17:00" }] } },
  });
  await open(`apps/${app.id}/hours`);
  await page.evaluate(() => {
    document.documentElement.dir = "rtl";
  });
  const window = page.getByRole("button", { name: /^Monday.*09:00/ });
  const before = await window.boundingBox();
  await window.press("ArrowLeft");
  const moved = page.getByRole("button", { name: /^Monday.*09:15/ });
  await expect(moved).toBeVisible();
  expect((await moved.boundingBox())?.x).toBeLessThan(before?.x ?? 0);
});

test("two routing keys of one name are refused where they stand", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  const trunk = await server.api<Named>("POST", "/v1/trunks", {
    name: "Provider",
    domain: "127.0.0.1",
  });
  const profile = await server.api<Named>("POST", `/v1/apps/${app.id}/destinations`, {
    name: "Sales",
    kind: "sip",
    trunkId: trunk.id,
    to: "100",
    routingKeys: { vip: { user: "101" } },
  });
  await open(`apps/${app.id}/profiles/${profile.id}`);
  await page.getByRole("button", { name: "Add", exact: true }).first().click();
  const second = page.getByLabel("Key 2", { exact: true });
  await second.fill("vip");
  await expect(page.getByText("Another row has this name")).toBeVisible();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(second).toBeFocused();
  await expect(page.getByText("Saved", { exact: true })).toHaveCount(0);
});

test("what is sent again is what the filters show, or what was chosen", async ({
  studio: { page, server, open },
}) => {
  const sink = await startSink();
  const app = await server.api<Named>("POST", "/v1/apps", {
    name: "Shop",
    allowedOrigins: ["https://shop.example"],
  });
  const integration = await server.api<Named & { signingSecret: string }>(
    "POST",
    `/v1/apps/${app.id}/integrations`,
    { name: "Orders", url: sink.url, events: ["widget_loaded"], ordered: false },
  );
  sink.secret = integration.signingSecret;
  const at = `/v1/apps/${app.id}/integrations/${integration.id}`;
  for (let visit = 0; visit < 3; visit += 1) {
    await widgetLoaded(server, app.id);
  }
  const list = () => server.api<Listed>("GET", `${at}/deliveries`);
  const done = async () => {
    const { items } = await list();
    return items.length === 3 && items.every(({ status }) => status === "delivered") ? items : null;
  };
  const items = await until("all arrive", done);
  const replays: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (request.method() === "POST" && /replays?$/.test(pathname)) replays.push(pathname);
  });
  const [first, second, third] = items.map(({ eventId }) => eventId);
  await open(`apps/${app.id}/deliveries?event=${first}&status=%5B%22delivered%22%5D`);
  await page.getByRole("button", { name: "Send these again…" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("1 delivery", { exact: true })).toBeVisible();
  await expect(dialog.getByLabel("Delivered")).toBeChecked();
  await dialog.getByRole("button", { name: "Send again" }).click();
  await expect(dialog).toHaveCount(0);
  expect(replays).toEqual([`${at}/deliveries/${first}/replay`]);

  await open(`apps/${app.id}/deliveries`);
  for (const id of [second, third]) {
    await page.getByRole("checkbox", { name: new RegExp(`${id}$`) }).check();
  }
  await page.getByRole("button", { name: "Send the chosen again (2)" }).click();
  await until("both were sent", () => replays.length === 3);
  expect(new Set(replays.slice(1))).toEqual(
    new Set([second, third].map((id) => `${at}/deliveries/${id}/replay`)),
  );
  sink.stop();
});

test("an id that is pasted and entered at once leads to what it names", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  const integration = await server.api<Named>("POST", `/v1/apps/${app.id}/integrations`, {
    name: "Orders",
    url: "https://example.com/hook",
    events: ["call_started"],
  });
  await open("apps");
  await page.keyboard.press("Control+k");
  const search = page.getByRole("dialog").getByRole("textbox");
  await search.fill(integration.id);
  await search.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/integrations/${integration.id}`));
});

test("a screen whose server is gone says from when it is, until it is back", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  await open(`apps/${app.id}`);
  await expect(page.getByRole("heading", { name: "Shop", level: 1 })).toBeVisible();
  const gone = page.getByText("The server can't be reached.");
  await expect(gone).toHaveCount(0);
  await page.context().route("**/v1/**", (route) => route.abort());
  await expect(gone).toBeVisible({ timeout: 40_000 });
  await page.context().unroute("**/v1/**");
  await expect(gone).toHaveCount(0, { timeout: 40_000 });
});
