/** Saved views: kept by the server for whoever is signed in, those of before moved over once. */

import { expect } from "@playwright/test";

import { inaccessibleInBoth, open as openStudio, test } from "../../support/studio.ts";

interface Named {
  readonly id: string;
}

test("a view is kept for a person, and is there in another browser", async ({
  studio: { page, server, open },
  browser,
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  const path = `apps/${app.id}/calls`;
  await open(path);
  // As this browser had kept it before.
  await page.evaluate(
    ([key, text]) => localStorage.setItem(key ?? "", text ?? ""),
    [`studio-views-calls-${app.id}`, JSON.stringify([{ name: "Old one", query: "?state=error" }])],
  );
  await page.getByRole("button", { name: "Views" }).click();
  await expect(page.getByRole("button", { name: "Old one", exact: true })).toBeVisible();
  expect(await page.evaluate((key) => localStorage.getItem(key), `studio-views-calls-${app.id}`)).toBeNull();
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.getByRole("button", { name: "Old one", exact: true }).click();
  await expect(page).toHaveURL(/state=/);

  await page.getByRole("button", { name: "Views" }).click();
  await page.getByLabel("Keep these filters as").fill("Failed ones");
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  await expect(page.getByRole("button", { name: "Failed ones", exact: true })).toBeVisible();

  const other = await (await browser.newContext()).newPage();
  await openStudio(other, server, path);
  await other.getByRole("button", { name: "Views" }).click();
  await other.getByRole("button", { name: "Failed ones", exact: true }).click();
  await expect(other).toHaveURL(/state=/);
  await other.getByRole("button", { name: "Views" }).click();
  await other.getByRole("button", { name: "Remove Failed ones" }).click();
  await expect(other.getByRole("button", { name: "Failed ones", exact: true })).toBeHidden();
  await expect(other.getByRole("button", { name: "Old one", exact: true })).toBeVisible();
});
