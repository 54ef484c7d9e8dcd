/** Every screen of Call Studio: accessible, within its policy, in both themes, at every width. */

import { expect } from "@playwright/test";

import { screens } from "../../support/screens.ts";
import { HOSTILE, PLAIN, seeded } from "../../support/seed.ts";
import { go, inaccessible, NOWHERE, open, test, watch } from "../../support/studio.ts";

for (const colorScheme of ["light", "dark"] as const) {
  test(`every screen is accessible and keeps the policy, ${colorScheme}`, async ({ page, server }) => {
    test.setTimeout(240_000);
    const at = await seeded(server, page, PLAIN);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const faults = watch(page);
    for (const before of ["", "setup", "invitation", "recovery", "sign-in?problem=sso-clocks"]) {
      await page.goto(`${server.url}/studio/${before}`);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      expect(await inaccessible(page), before).toEqual([]);
    }
    await open(page, server, "apps");
    for (const [name, path] of screens(at)) {
      await go(page, path);
      await expect(page.getByText(NOWHERE)).toHaveCount(name === "not-found" ? 1 : 0);
      expect.soft(await inaccessible(page), name).toEqual([]);
    }
    expect(faults).toEqual([]);
  });
}

test("why somebody was not let in is said in Studio's words, and not in those of the address", async ({
  page,
  server,
}) => {
  for (const problem of ["sso-domain", "toString", "1"]) {
    await page.goto(`${server.url}/studio/sign-in?problem=${problem}&detail=Call+Mallory`);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("You were not signed in");
    await expect(page.getByText("Mallory")).toHaveCount(0);
    const words = problem === "sso-domain" ? "your domain are not allowed" : "The server's log says why.";
    await expect(page.getByText(words)).toBeVisible();
  }
});

test("hostile text is text on every screen, and breaks no layout", async ({ page, server }) => {
  test.setTimeout(240_000);
  const at = await seeded(server, page, HOSTILE);
  const faults = watch(page);
  let dialogs = 0;
  page.on("dialog", (dialog) => {
    dialogs += 1;
    void dialog.dismiss();
  });
  await open(page, server, "apps");
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    for (const [name, path] of screens(at)) {
      await go(page, path);
      await expect(page.getByText(NOWHERE)).toHaveCount(name === "not-found" ? 1 : 0);
      const found = await page.evaluate(() => ({
        tooWide: document.documentElement.scrollWidth - innerWidth,
        // None of Studio's own elements has such attributes.
        injected: document.querySelectorAll("[onerror], [onload], [onmouseover], [srcdoc], img[src='x']")
          .length,
        dangerous: [...document.links].filter((link) => !/^(https?|blob):/.test(link.href)).length,
      }));
      expect.soft(found, `${name} at ${width}`).toEqual({ tooWide: 0, injected: 0, dangerous: 0 });
    }
  }
  expect(dialogs).toBe(0);
  expect(faults).toEqual([]);
});
