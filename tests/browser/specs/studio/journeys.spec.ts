/** What people do in Call Studio, from beginning to end. */

import { expect, type Page } from "@playwright/test";

import { startHost, type Host } from "../../support/host.ts";
import { open as openStudio, OWNER, settled, signIn, test } from "../../support/studio.ts";
import { until } from "../../support/until.ts";

interface Named {
  readonly id: string;
}

const link = (page: Page, name: string) => page.getByRole("link", { name, exact: true });

test("from nothing to a call with its events, and back to it by its id", async ({
  studio: { page, server, open },
}) => {
  await open("apps");
  await page.getByRole("button", { name: "New app" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill("Corner Shop");
  await page.getByLabel("Address of the site").fill("shop.example/cart?x=1");
  await page.getByRole("dialog").getByRole("button", { name: "New app" }).click();
  await expect(page.getByRole("heading", { name: "Corner Shop", level: 1 })).toBeVisible();
  await expect(page.getByText("0 of 6 done")).toBeVisible();

  await page.getByRole("button", { name: "Place a test call" }).first().click();
  const widget = page.frameLocator("iframe");
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  const events = page.getByRole("region", { name: "Events" });
  await expect(events.getByText("call_started")).toBeVisible();
  await widget.getByRole("button", { name: "Hang up" }).click();
  await expect(events.getByText("call_ended")).toBeVisible();
  await page.getByRole("button", { name: "Close the test call" }).click();
  await expect(page.getByText("1 of 6 done")).toBeVisible();

  await link(page, "Calls").click();
  // The overview has a link to what an integration answered, for as long as it is still there.
  await page.getByRole("table").getByRole("link", { name: "Answered" }).click();
  await expect(page.getByText("call_started", { exact: true })).toBeVisible();
  await expect(page.getByText("call_ended", { exact: true })).toBeVisible();
  const callId = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  const apps = await server.api<{ items: { allowedOrigins: string[] }[] }>("GET", "/v1/apps");
  expect(apps.items[0]?.allowedOrigins).toEqual(["https://shop.example"]);

  await link(page, "Apps").click();
  await page.keyboard.press("Control+k");
  await page.getByRole("textbox", { name: "Command palette" }).fill(callId);
  await page.getByRole("button", { name: `Call Corner Shop · ${callId}` }).click();
  await expect(page).toHaveURL(new RegExp(`/calls/${callId}$`));

  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  expect((await download).suggestedFilename()).toBe(`${callId}.json`);
});

/** An endpoint that can break and be mended. */
async function startEndpoint(): Promise<Host & { statusCode: number }> {
  const { createServer } = await import("node:http");
  const endpoint = { origin: "", html: "", pages: {}, headers: {}, statusCode: 204, stop: () => {} };
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(endpoint.statusCode).end("the endpoint's own words"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  endpoint.origin = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  endpoint.stop = () => server.close();
  return endpoint;
}

test("an integration is added, its endpoint breaks, is mended, and gets what it had missed", async ({
  studio: { page, server, open },
}) => {
  test.setTimeout(240_000);
  const endpoint = await startEndpoint();
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  await server.api("POST", `/v1/apps/${app.id}/widget-keys`);
  await open(`apps/${app.id}/integrations`);
  await page.getByRole("link", { name: /n8n or Zapier/ }).click();
  await page.getByLabel("Name", { exact: true }).fill("Orders");
  await page.getByLabel("URL").fill("ftp://nowhere");
  await page.getByRole("button", { name: "New integration" }).click();
  // The fault is at its field, which has the focus, and nothing that was typed is lost.
  await expect(page.getByLabel("URL")).toBeFocused();
  await expect(page.getByLabel("URL")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Orders");
  await page.getByLabel("URL").fill(`${endpoint.origin}/hook?key={secret.hookKey}`);
  await page.getByLabel("hookKey").fill("the-key");
  await page.getByRole("switch", { name: /^Tests too/ }).check();
  await page.getByRole("button", { name: "New integration" }).click();
  await expect(page.getByText(/^whsec_/)).toBeVisible();
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(page.getByText("hmac.compare_digest")).toBeVisible();

  await page.getByRole("button", { name: "Send a sample" }).click();
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(page.getByText(/^Answered 204 in/)).toBeVisible();
  expect(await page.getByRole("dialog").innerText()).not.toContain("the-key");
  await page.keyboard.press("Escape");

  endpoint.statusCode = 500;
  await link(page, "Overview").click();
  // Ten failures in a row open the breaker. Of each call the first event is tried, again within 5 s, and
  // again within 30 s: of four calls that is enough, whatever waits are drawn.
  for (let call = 0; call < 4; call += 1) {
    await page.getByRole("button", { name: "Place a test call" }).first().click();
    await page.frameLocator("iframe").getByRole("button", { name: "Call now" }).click();
    await page.frameLocator("iframe").getByRole("button", { name: "Hang up" }).click();
    await page.getByRole("button", { name: "Close the test call" }).click();
  }
  await link(page, "Integrations").click();
  await expect(page.getByText("Endpoint failing: held back")).toBeVisible({ timeout: 60_000 });

  endpoint.statusCode = 204;
  await page.getByRole("link", { name: "Orders" }).click();
  await page.getByRole("button", { name: "Try again at once" }).click();
  await expect(page.getByText("Working", { exact: true })).toBeVisible({ timeout: 30_000 });
  const { items } = await server.api<{ items: Named[] }>("GET", `/v1/apps/${app.id}/integrations`);
  const deliveries = `/v1/apps/${app.id}/integrations/${items[0]?.id}/deliveries?status=delivered`;
  const isDelivered = async () =>
    (await server.api<{ items: unknown[] }>("GET", deliveries)).items.length > 0;
  await until("what was held back arrives", isDelivered, 90_000);
  await page.getByRole("link", { name: "Deliveries" }).last().click();
  await expect(page.getByRole("button", { name: "Delivered" }).first()).toBeVisible();
  // The oldest one has failed before.
  await page.getByRole("button", { name: "Delivered" }).last().click();
  const drawer = page.getByRole("dialog", { name: "Delivery" });
  await expect(drawer.getByText("the endpoint's own words").first()).toBeVisible();
  // A failure shows what was sent and how long its parts took, and nothing of the secret.
  const first = drawer.getByRole("region", { name: "Attempt 1" });
  await first.getByRole("button", { name: "Request, response and timing" }).click();
  await expect(first.getByText("Wait for the answer")).toBeVisible();
  await expect(first.getByText(/\/hook\?key=\{secret\.hookKey\}/)).toBeVisible();
  await expect(first.getByText(/webhook-signature: \[signature\]/)).toBeVisible();
  expect(await drawer.innerText()).not.toContain("the-key");
  await drawer.getByRole("button", { name: "Send again" }).click();
  await expect(page.getByText("Queued: the row shows what becomes of it")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByText("replayed")).toBeVisible({ timeout: 20_000 });
  endpoint.stop();
});

test("hours are typed, and the widget is closed by them", async ({
  studio: { page, server, open },
}) => {
  const host = await startHost();
  const app = await server.api<Named>("POST", "/v1/apps", {
    name: "Shop",
    allowedOrigins: [host.origin],
  });
  await server.api("POST", `/v1/apps/${app.id}/widget-keys`);
  await open(`apps/${app.id}/hours`);
  await page.getByText("By the week").click();
  for (const day of ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]) {
    await page.getByLabel(`Hours on ${day}`).fill("closed");
    await page.getByLabel(`Hours on ${day}`).blur();
  }
  await page.getByLabel("Hours on Saturday").fill("25-3");
  await page.getByLabel("Hours on Saturday").blur();
  await expect(page.getByText("“25” is no time of a day")).toBeVisible();
  await page.getByLabel("Hours on Saturday").fill("");
  await page.getByLabel("Hours on Saturday").blur();
  // A day that is far away, so that it is closed at whatever time this runs.
  await page.getByRole("button", { name: "Add an exception" }).click();
  await page.getByLabel("Exception 1: What for").fill("Opening day");
  await page.getByLabel("Exception 1: From").fill("2030-01-07");
  await page.getByLabel("Exception 1: Hours").fill("9:07-12, 21-2");
  await page.getByLabel("Exception 1: Hours").blur();
  await expect(page.getByLabel("Exception 1: Hours")).toHaveValue("09:07–12:00, 21:00–02:00");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await expect(page.getByText("Closed", { exact: true })).toBeVisible();

  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("button", { name: "Place a test call" }).first().click();
  const widget = page.frameLocator("iframe");
  await expect(widget.getByRole("heading", { name: /closed/i })).toBeVisible();
  host.stop();
});

test("windows are drawn, moved and taken out by mouse and keys", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", {
    name: "Shop",
    hours: { timeZone: "UTC", week: { monday: [{ from: "09:00", to: "17:00" }] } },
  });
  await open(`apps/${app.id}/hours`);
  const monday = page.getByRole("button", { name: /^Monday, 09:00–17:00/ });
  await monday.press("ArrowRight");
  await page.getByRole("button", { name: /^Monday, 09:15–17:15/ }).press("Shift+ArrowLeft");
  await expect(page.getByLabel("Hours on Monday")).toHaveValue("09:15–17:00");
  await page.getByRole("button", { name: /^Monday, 09:15/ }).press("Delete");
  await expect(page.getByLabel("Hours on Monday")).toHaveValue("");

  await page.getByRole("button", { name: "Discard" }).click();
  const box = await monday.locator("..").boundingBox();
  if (box === null) throw new Error("the line of Monday is there");
  const x = (hour: number) => box.x + (box.width * hour) / 24;
  await page.mouse.move(x(19), box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(x(21), box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  await expect(page.getByLabel("Hours on Monday")).toHaveValue("09:00–17:00, 19:00–21:00");
  await page.getByRole("button", { name: "Copy Monday to other days" }).click();
  await page.getByRole("menuitem", { name: "Monday to Friday" }).click();
  await expect(page.getByLabel("Hours on Friday")).toHaveValue("09:00–17:00, 19:00–21:00");
});

test("two people who edit the same profile lose nothing", async ({
  studio: { page, server, open },
  browser,
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  const { items } = await server.api<{ items: Named[] }>("GET", `/v1/apps/${app.id}/destinations`);
  const profile = `apps/${app.id}/profiles/${items[0]?.id}`;
  await open(profile);
  const other = await browser.newPage();
  await openStudio(other, server, profile);

  await page.getByLabel("Name", { exact: true }).fill("Mine");
  await other.getByLabel("Name", { exact: true }).fill("Theirs");
  await other.getByLabel("Seconds to ring").fill("45");
  await other.getByRole("button", { name: "Save" }).click();
  await expect(other.getByText("Saved", { exact: true })).toBeVisible();

  await page.getByRole("button", { name: "Save" }).click();
  const dialog = page.getByRole("dialog", { name: "Somebody else saved changes meanwhile" });
  await expect(dialog.getByText("Theirs", { exact: true }).last()).toBeVisible();
  await expect(dialog.getByText("45")).toBeVisible();
  await expect(dialog.getByText(`Changed by ${OWNER.name},`)).toBeVisible();
  await dialog.getByRole("radio", { name: "Mine" }).check();
  await dialog.getByRole("button", { name: "Go on with this" }).click();
  await expect(page.getByLabel("Seconds to ring")).toHaveValue("45");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  const path = `/v1/apps/${app.id}/destinations/${items[0]?.id}`;
  expect(await server.api("GET", path)).toMatchObject({ name: "Mine", ringTimeoutSeconds: 45 });
  await other.close();
});

test("a reload in the middle of an edit, and a save that can't be, lose nothing", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  await open(`apps/${app.id}/settings`);
  await page.getByLabel("Language").fill("de");
  await open(`apps/${app.id}/settings`);
  await page.getByRole("button", { name: "Restore them" }).click();
  await expect(page.getByLabel("Language")).toHaveValue("de");

  await page.route("**/v1/apps/*", (route) =>
    route.request().method() === "PATCH" ? route.abort() : route.continue(),
  );
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert")).toContainText("No answer came from the server");
  await expect(page.getByLabel("Language")).toHaveValue("de");
  await page.unroute("**/v1/apps/*");

  await page.getByLabel("Language").fill("no language at all");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByLabel("Language")).toBeFocused();
  await page.getByLabel("Language").fill("de");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await settled(page);
  expect(await server.api("GET", `/v1/apps/${app.id}`)).toMatchObject({ language: "de" });
});

test("signed out in the middle of an edit, one goes on where one was", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  await open(`apps/${app.id}/settings`);
  await page.getByLabel("Language").fill("fr");
  await page.context().clearCookies();
  await page.getByRole("button", { name: "Save" }).click();
  const dialog = page.getByRole("dialog", { name: "You were signed out" });
  await expect(dialog).toBeVisible();
  await signIn(page, OWNER);
  await expect(dialog).toHaveCount(0);
  await expect(page.getByLabel("Language")).toHaveValue("fr");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
});

test("new rows are announced, and move nothing until they are asked for", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  const integration = await server.api<Named>("POST", `/v1/apps/${app.id}/integrations`, {
    name: "Hook",
    url: "http://127.0.0.1:9/hook",
  });
  const secret = `/v1/apps/${app.id}/integrations/${integration.id}/secrets`;
  await server.api("PUT", `${secret}/one`, { value: "1" });
  await open(`apps/${app.id}/history`);
  // A head, and what was done so far: the app, the integration and its secret.
  await expect(page.getByRole("row")).toHaveCount(4);
  await server.api("PUT", `${secret}/two`, { value: "2" });
  await server.api("PUT", `${secret}/three`, { value: "3" });
  const bar = page.getByRole("button", { name: "2 new" });
  await expect(bar).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole("row")).toHaveCount(4);
  await bar.click();
  await expect(page.getByRole("row")).toHaveCount(6);
  await until("the bar is gone", async () => (await bar.count()) === 0);
});
