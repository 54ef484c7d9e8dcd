/** Public holidays become exceptions of hours: chosen, looked over, and none twice. */

import { expect } from "@playwright/test";

import { inaccessibleInBoth, test } from "../../support/studio.ts";

interface App {
  readonly id: string;
  readonly hours: { readonly exceptions: readonly { readonly date: string; readonly label: string }[] };
}

/** This year and the next are offered without being asked for. */
const YEAR = new Date().getFullYear() + 1;

const on = (day: string) => new RegExp(`${day.replace("YEAR", String(YEAR))}`);

test("holidays of a region are added, but for what is there and what is not wanted", async ({
  studio: { page, server, open },
}) => {
  const app = await server.api<App>("POST", "/v1/apps", {
    name: "Shop",
    hours: {
      timeZone: "Europe/Berlin",
      week: { monday: [{ from: "09:00", to: "17:00" }] },
      exceptions: [{ date: `${YEAR}-12-24`, until: `${YEAR}-12-26`, label: "Our Christmas" }],
    },
  });
  await open(`apps/${app.id}/hours`);
  await page.getByRole("button", { name: "Add public holidays" }).click();
  const dialog = page.getByRole("dialog", { name: "Public holidays" });
  await dialog.getByRole("combobox", { name: "Country" }).fill("Germ");
  await page.getByRole("option", { name: "Germany" }).click();
  await dialog.getByRole("combobox", { name: "Region" }).click();
  await page.getByRole("option", { name: "Bayern" }).click();

  const epiphany = dialog.getByRole("checkbox", { name: on("6 Jan YEAR Epiphany") });
  await expect(epiphany).toBeChecked();
  const christmas = dialog.getByRole("checkbox", { name: on("25 Dec YEAR Christmas Day") });
  await expect(christmas).toBeDisabled();
  await expect(dialog.getByText("There already: Our Christmas")).toHaveCount(2);
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await epiphany.uncheck();
  await dialog.getByRole("button", { name: /^Add \d+ days$/ }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();

  const { hours } = await server.api<App>("GET", `/v1/apps/${app.id}`);
  const dates = hours.exceptions.map(({ date }) => date);
  expect(dates).toContain(`${YEAR}-10-03`);
  expect(dates).not.toContain(`${YEAR}-01-06`);
  expect(dates).not.toContain(`${YEAR}-12-25`);
  expect(dates).toEqual([...dates].sort());

  // Once more, only what was left out is new.
  await page.getByRole("button", { name: "Add public holidays" }).click();
  await dialog.getByRole("combobox", { name: "Country" }).fill("Germ");
  await page.getByRole("option", { name: "Germany" }).click();
  await expect(dialog.getByRole("checkbox", { name: on("1 May YEAR") })).toBeDisabled();
});
