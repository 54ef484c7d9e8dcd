/** What Call Studio shows of what happens right now. */

import { expect, type Page } from "@playwright/test";

import { embeddingPage, startHost } from "../../support/host.ts";
import { inaccessibleInBoth, OWNER, signIn, test } from "../../support/studio.ts";
import { until } from "../../support/until.ts";

interface Named {
  readonly id: string;
}

/** Markup in what the page says of a visitor. */
const ORDER = `A-1 <img src=x onerror=alert(1)>`;

test("the overview counts all calls that are under way, and not those of its list", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<{ id: string }>("POST", "/v1/apps", { name: "Shop" });
  // So many can't be placed here: what the server would answer of them.
  await page.route("**/calls/count?state=live", (route) =>
    route.fulfill({ json: { count: 10_000, exact: false } }),
  );
  await open(`apps/${app.id}`);
  await expect(page.getByText("10,000+")).toBeVisible();
});

test("calls and events are shown as they happen, and a break loses none and doubles none", async ({
  studio: { page, server, open },
  browser,
}) => {
  test.setTimeout(120_000);
  const host = await startHost();
  const app = await server.api<Named>("POST", "/v1/apps", {
    name: "Shop",
    allowedOrigins: [host.origin],
  });
  const at = `/v1/apps/${app.id}`;
  const { key } = await server.api<{ key: string }>("POST", `${at}/widget-keys`);
  const query = new URLSearchParams({ key, orderId: ORDER, origin: host.origin });
  host.html = embeddingPage(`${server.url}/w/${app.id}?${query}`);

  await open(`apps/${app.id}/live`);
  // While it starts, another one below says that the list is loading.
  const mark = page.getByRole("region", { name: "Events" }).getByRole("status").first();
  await expect(mark).toHaveText("Live");
  const events = page.getByRole("table", { name: "Events" });
  const rows = events.locator("tbody tr");
  const calls = page.getByRole("region", { name: "Under way" }).getByRole("listitem");

  const visitor = await browser.newPage();
  await visitor.goto(host.origin);
  const widget = visitor.frameLocator("#widget");
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(calls).toHaveCount(1);
  await expect(calls.getByText("Connected")).toBeVisible();
  await expect(calls.getByText(ORDER)).toBeVisible();
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText("call_started");
  expect(await inaccessibleInBoth(page)).toEqual([]);

  await page.getByRole("button", { name: "Pause" }).click();
  await widget.getByRole("button", { name: "Hang up" }).click();
  await expect(mark).toContainText("Paused · 1 waiting");
  await expect(calls).toHaveCount(0);
  await expect(rows).toHaveCount(2);
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(rows).toHaveCount(3);
  await expect(rows.first()).toContainText("call_ended");

  // The way to the server is gone for a while, in which something happens.
  await page.context().setOffline(true);
  await expect(page.getByRole("alert")).toContainText("The connection is lost");
  await visit(visitor, server.api, at, host.origin, 2);
  await page.context().setOffline(false);
  await expect(rows).toHaveCount(4);
  await expect(page.getByRole("alert")).toHaveCount(0);

  // Another process, which remembers nothing of what it has told.
  await server.kill();
  await expect(page.getByRole("alert")).toContainText("The connection is lost");
  await server.restart();
  await expect(mark).toHaveText("Live");
  await visit(visitor, server.api, at, host.origin, 3);
  await expect(rows).toHaveCount(5);

  // Signed out from another browser: what is on the screen stays, and goes on after signing in again.
  const other = await browser.newPage();
  await other.goto(`${server.url}/studio/account`);
  await signIn(other, OWNER);
  await other.getByRole("button", { name: "Sign out all others" }).click();
  const dialog = page.getByRole("dialog", { name: "You were signed out" });
  await expect(dialog).toBeVisible();
  await signIn(page, OWNER);
  await expect(dialog).toHaveCount(0);
  await expect(mark).toHaveText("Live");
  await visit(visitor, server.api, at, host.origin, 4);
  await expect(rows).toHaveCount(6);
  await other.close();

  await page.getByRole("textbox", { name: "Context" }).fill(`orderId:${ORDER}`);
  await page.keyboard.press("Enter");
  await expect(mark).toHaveText("Live");
  await expect(rows).toHaveCount(6);
  await page.getByRole("combobox", { name: "Event" }).click();
  await page.getByRole("option", { name: "call_error" }).click();
  await expect(page.getByText("Nothing matches")).toBeVisible();
  expect(new URL(page.url()).searchParams.get("name")).toBe("call_error");
  await page.getByRole("link", { name: "All events" }).click();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page.getByRole("table", { name: "Events" }).locator("tbody tr")).toHaveCount(6);
  await visitor.close();
  host.stop();
});

test("a window whose place newer ones have taken says so, and has it back when asked", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  const live = `apps/${app.id}/live`;
  await open(live);
  const mark = (at: Page) => at.getByRole("region", { name: "Events" }).getByRole("status").first();
  await expect(mark(page)).toHaveText("Live");
  const newer: Page[] = [];
  for (let n = 0; n < 4; n += 1) {
    const other = await page.context().newPage();
    await other.goto(page.url());
    await expect(mark(other)).toHaveText("Live");
    newer.push(other);
  }
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("a newer one has taken this one's place");
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await alert.getByRole("button").click();
  await expect(mark(page)).toHaveText("Live");
  await expect(newer[0]?.getByRole("alert") ?? alert).toContainText("has taken this one's place");
});

/** The page is opened again, until the server has so many events of that. */
async function visit(
  visitor: Page,
  api: (method: string, path: string) => Promise<unknown>,
  at: string,
  origin: string,
  count: number,
): Promise<void> {
  await visitor.goto(origin);
  await until("the widget was loaded", async () => {
    const { items } = (await api("GET", `${at}/events?name=widget_loaded`)) as { items: unknown[] };
    return items.length === count;
  });
}
