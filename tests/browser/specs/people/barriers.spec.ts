/** No barrier that a machine can find, in any state, theme and direction, nor with forced colours. */

import { expect, type Page } from "@playwright/test";

import { violations } from "../../support/axe.ts";
import { call } from "../../support/call.ts";
import { buildGallery, openState, serveGallery, stateNames } from "../../support/gallery.ts";
import { shopPage, tag, widgetFrame } from "../../support/loader.ts";
import { messageNamed, test } from "../../support/shop.ts";

let gallery: string;

test.beforeAll(() => {
  gallery = buildGallery();
});

/** What is wrong in each state; nothing is left out for what is fine. */
async function look(page: Page, theme: string, language: string): Promise<Record<string, string[]>> {
  await serveGallery(page, gallery);
  await page.setViewportSize({ width: 380, height: 620 });
  await openState(page, "idle", { theme, language });
  const wrong: Record<string, string[]> = {};
  const states = await stateNames(page);
  expect(states.length).toBeGreaterThan(30);
  for (const state of states) {
    await openState(page, state, { theme, language });
    const found = await violations(page);
    if (found.length > 0) wrong[state] = found;
  }
  return wrong;
}

for (const language of ["en", "ar"]) {
  for (const theme of ["light", "dark"]) {
    test(`every state is free of violations: ${language}, ${theme}`, async ({ page }) => {
      test.setTimeout(240_000);
      await page.emulateMedia({ reducedMotion: "reduce" });
      expect(await look(page, theme, language)).toEqual({});
    });
  }

  test(`every state is free of violations: ${language}, forced colours`, async ({ page }) => {
    test.setTimeout(240_000);
    await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
    expect(await look(page, "light", language)).toEqual({});
  });
}

test("a real call is free of violations from the page's button to the thanks", async ({
  page,
  shop,
}) => {
  shop.host.html = shopPage(tag(shop));
  await page.goto(shop.host.origin);
  const button = page.getByRole("button", { name: "Call us" });
  await button.waitFor();
  expect(await violations(page), "the page with the button").toEqual([]);
  await button.click();
  const widget = await widgetFrame(page, shop);
  await widget.getByRole("button", { name: "Call now" }).waitFor();
  expect(await violations(page), "the page with the panel").toEqual([]);
  expect(await violations(widget), "before the call").toEqual([]);
  await call(widget);
  expect(await violations(widget), "in the call").toEqual([]);
  await widget.getByRole("button", { name: "Keypad" }).click();
  await widget.getByRole("button", { name: "Star" }).waitFor();
  expect(await violations(widget), "with the keypad").toEqual([]);
  await widget.getByRole("button", { name: "Hang up" }).click();
  await widget.getByRole("button", { name: "Send" }).waitFor();
  expect(await violations(widget), "the survey").toEqual([]);
  await widget.getByRole("button", { name: "Send" }).click();
  await widget.getByText("Please choose").or(widget.getByRole("alert")).first().waitFor();
  expect(await violations(widget), "the survey with nothing chosen").toEqual([]);
  await widget.getByRole("radio", { name: "4 of 5" }).first().check({ force: true });
  await widget.getByRole("button", { name: "Send" }).click();
  await messageNamed(page, "survey_submitted");
  expect(await violations(widget), "the thanks").toEqual([]);
});

test("what the server says itself is free of violations", async ({ page, shop }) => {
  for (const [what, address] of Object.entries({
    "a wrong key": shop.widgetUrl({ key: "wk_wrong" }),
    "a context that is refused": shop.widgetUrl({ "1st": "x" }),
    "the check": `${shop.server.url}/w/check?app=${shop.appId}&key=${shop.key}&origin=${shop.host.origin}`,
  })) {
    await page.goto(address);
    await expect(page.locator("body")).toContainText(/\w/);
    await page.waitForLoadState("networkidle");
    expect(await violations(page), what).toEqual([]);
  }
});
