/** The frame of Call Studio: addresses, the palette, keys, and the path that a proxy puts before it. */

import { createServer, request } from "node:http";

import { expect } from "@playwright/test";

import {
  inaccessibleInBoth,
  OWNER,
  settled,
  signIn,
  signInOwner,
  test,
  watch,
} from "../../support/studio.ts";
import { visit } from "../../support/visits.ts";

interface Named {
  readonly id: string;
}

test("a wrong password is refused, and after signing in one is where one wanted to go", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  await open("nothing");
  await expect(page.getByText("There is nothing at this address")).toBeVisible();
  await page.context().clearCookies();
  await page.goto(`${server.url}/studio/apps/${app.id}/deliveries?context=orderId%3AA-1`);
  await signIn(page, { ...OWNER, password: "something else" });
  await expect(page.getByText("E-mail address and password don't fit.")).toBeVisible();
  await signIn(page, OWNER);
  await expect(page.getByRole("heading", { name: "Deliveries", level: 1 })).toBeVisible();
  expect(page.url()).toContain("context=orderId");

  await page.getByRole("button", { name: "Account and appearance" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in to Call Studio" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Sign in to Call Studio" })).toBeVisible();
});

test("the palette knows pages, apps and ids", async ({ studio: { page, server, open } }) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Corner Shop" });
  await open("apps");
  await settled(page);
  await page.keyboard.press("Control+k");
  const search = page.getByRole("textbox", { name: "Command palette" });
  await search.fill("corner");
  await page.getByRole("button", { name: "Corner Shop" }).click();
  await expect(page.getByRole("heading", { name: "Corner Shop", level: 1 })).toBeVisible();

  await page.keyboard.press("Control+k");
  await search.fill("orderId:A-12345");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Nothing matches")).toBeVisible();
  expect(decodeURIComponent(page.url())).toContain(`apps/${app.id}/calls?context=orderId:A-12345`);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page.getByText("No calls yet")).toBeVisible();
});

test("an event of no call is found by its id, and opens by its address", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", {
    name: "Shop",
    allowedOrigins: ["https://shop.example"],
  });
  const path = `/v1/apps/${app.id}`;
  const { key } = await server.api<{ key: string }>("POST", `${path}/widget-keys`);
  await visit(server, {
    appId: app.id,
    key,
    browser: "Chrome",
    language: "en",
    loads: 1,
    denied: 0,
  });
  const { items } = await server.api<{ items: Named[] }>("GET", `${path}/events`);
  const event = items[0]?.id ?? "";
  await open("apps");
  await settled(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("textbox", { name: "Command palette" }).fill(event);
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("dialog", { name: "widget_loaded" });
  await expect(drawer).toContainText("Of no call");
  await expect(drawer).toContainText(event);
  await page.reload();
  await expect(drawer).toBeVisible();
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(drawer).toHaveCount(0);
  await page.getByRole("link", { name: "widget_loaded" }).click();
  await expect(drawer).toBeVisible();
});

test("a dialog that goes leaves the keys where they were before it", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  await server.api("POST", `/v1/apps/${app.id}/widget-keys`);
  await open("keys");
  await settled(page);
  const fresh = page.getByRole("button", { name: "New API key" }).first();
  await fresh.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(fresh).toBeFocused();
  await open("audit");
  const entry = page.getByRole("button", { name: "Widget key made" }).first();
  await entry.press("Enter");
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(entry).toBeFocused();
  // What was acted on is gone with its button: the keys are in the screen, and not at the page's beginning.
  await open(`apps/${app.id}/settings`);
  await page.getByRole("button", { name: "Delete the key" }).press("Enter");
  await dialog.getByRole("button", { name: "Delete the key" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.locator("main#content")).toBeFocused();
});

test("keys go places, but never while something is typed", async ({ studio: { page, server, open } }) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  await open(`apps/${app.id}/calls`);
  await settled(page);
  await page.getByRole("textbox", { name: "Context" }).fill("gh?");
  await expect(page.getByRole("heading", { name: "Calls", level: 1 })).toBeVisible();
  await page.getByRole("textbox", { name: "Context" }).fill("");
  await page.getByRole("heading", { name: "Calls", level: 1 }).click();
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await expect(page.getByRole("heading", { name: "Hours", level: 1 })).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await page.getByRole("switch", { name: "Single-letter keys" }).uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("it works below any path of a reverse proxy", async ({ page, server }) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  const prefix = "/tools/calls";
  const proxy = createServer((incoming, outgoing) => {
    const path = incoming.url ?? "";
    if (!path.startsWith(`${prefix}/`)) return outgoing.writeHead(404).end();
    const { host: _, ...headers } = incoming.headers;
    const onward = request(
      `${server.url}${path.slice(prefix.length)}`,
      { method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const base = `http://127.0.0.1:${port}${prefix}`;

  await signInOwner(page.context(), server, `http://127.0.0.1:${port}`);
  await page.goto(`${base}/studio/apps/${app.id}/calls`);
  await expect(page.getByText("No calls yet")).toBeVisible();
  await page.getByRole("link", { name: "Hours", exact: true }).click();
  await expect(page).toHaveURL(`${base}/studio/apps/${app.id}/hours`);
  await expect(page.getByRole("heading", { name: "Hours", level: 1 })).toBeVisible();
  await page.goto(`${base}/studio`);
  await expect(page).toHaveURL(`${base}/studio/apps`);
  proxy.close();
});

test("the API is shown readably, by this server alone", async ({ page, server }) => {
  const faults = watch(page);
  const others: string[] = [];
  page.on("request", (one) => {
    if (!/^(data|blob):/.test(one.url()) && !one.url().startsWith(server.url)) others.push(one.url());
  });
  await page.goto(`${server.url}/v1/docs`);
  await expect(page.getByText("Click-to-call: apps and what belongs to them")).toBeVisible();
  await page.getByText("List apps", { exact: true }).first().click();
  await expect(page.getByText("/v1/apps", { exact: true }).first()).toBeVisible();
  expect(others).toEqual([]);
  expect(faults).toEqual([]);
});
