/** A person is found, handed out and erased in Call Studio; a file that was applied is told of. */

import { readFile } from "node:fs/promises";

import { expect } from "@playwright/test";

import { inaccessible, test } from "../../support/studio.ts";

interface Named {
  readonly id: string;
}

const WHO = "customer-7f3a91c2";

test("a person is found, handed out and erased", async ({ studio: { page, server, open } }) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop", allowedOrigins: [server.url] });
  for (const customerId of [WHO, "somebody-else"]) {
    await server.api("POST", "/v1/sessions", {
      appId: app.id,
      origin: server.url,
      context: { customerId },
    });
  }
  await open(`apps/${app.id}/privacy`);
  await expect(page.getByText("Nobody was erased yet.")).toBeVisible();
  await page.getByRole("textbox", { name: "Key" }).fill("customerId");
  await page.getByRole("textbox", { name: "Value" }).fill("nobody");
  await page.getByRole("button", { name: "Find" }).click();
  await expect(page.getByText("Nothing is kept of somebody with this value.")).toBeVisible();
  await page.getByRole("textbox", { name: "Value" }).fill(WHO);
  await page.getByRole("button", { name: "Find" }).click();
  await expect(page.getByText("What is kept", { exact: true })).toBeVisible();
  // Of whom stands in no address.
  expect(page.url()).not.toContain(WHO);
  expect(await inaccessible(page)).toEqual([]);

  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "JSON" }).click(),
  ]);
  const text = await readFile(await download.path(), "utf8");
  expect(text).toContain(WHO);
  expect(text).not.toContain("somebody-else");

  await page.getByRole("button", { name: "Erase" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: "Erase" })).toBeDisabled();
  await dialog.getByRole("textbox").fill("erase");
  expect(await inaccessible(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Erase" }).click();
  await expect(page.getByText("Gone: 1 visit.")).toBeVisible();
  await page.getByRole("button", { name: "Find" }).click();
  await expect(page.getByText("Nothing is kept of somebody with this value.")).toBeVisible();
});

test("settings say what differs from the file that was applied", async ({ studio: { page, server, open } }) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  const { configuration } = await server.api<{ configuration: unknown }>("GET", `/v1/configuration?appId=${app.id}`);
  const plan = { configuration };
  const { state } = await server.api<{ state: string }>("POST", "/v1/configuration/plan", plan);
  const file = { configuration, state, fileName: "bellpush.toml" };
  await server.api("POST", "/v1/configuration/apply", file);
  await open(`apps/${app.id}/settings`);
  await expect(page.getByText("As in bellpush.toml")).toBeVisible();
  await server.api("PATCH", `/v1/apps/${app.id}`, { language: "fr" });
  await page.reload();
  await expect(page.getByText("Differs from bellpush.toml")).toBeVisible();
  await expect(page.getByText("Shop: changed back (language)")).toBeVisible();
  expect(await inaccessible(page)).toEqual([]);
});
