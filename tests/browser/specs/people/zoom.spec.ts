/** Small screens, large text and reduced motion: nothing is cut or out of reach, and nothing moves. */

import { expect, type Page } from "@playwright/test";

import { buildGallery, openState, serveGallery, stateNames } from "../../support/gallery.ts";
import { test } from "../../support/shop.ts";

let gallery: string;

test.beforeAll(() => {
  gallery = buildGallery();
});

/** What is cut, or lies beyond the sides, where nobody can scroll to. */
function cut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = document.scrollingElement?.scrollWidth ?? 0;
    const found = wide > innerWidth ? [`the page is ${wide} px wide`] : [];
    for (const element of document.querySelectorAll<HTMLElement>("h1, p, button, select, label")) {
      const { left, right, width } = element.getBoundingClientRect();
      // What is there for screen readers alone has one pixel.
      if (width <= 1 || !element.checkVisibility()) continue;
      const what = `${element.tagName.toLowerCase()} “${element.innerText.trim()}”`;
      if (left < -0.5 || right > innerWidth + 0.5) found.push(`${what} lies beyond the side`);
      const { overflowX, overflowY } = getComputedStyle(element);
      const clips = [overflowX, overflowY].some((one) => one !== "visible" && one !== "auto");
      if (clips && element.scrollWidth > element.clientWidth + 1) found.push(`${what} is cut`);
    }
    return found;
  });
}

const moving = (page: Page) =>
  page.evaluate(() =>
    document
      .getAnimations()
      .filter(({ playState }) => playState === "running")
      .map((animation) => (animation as CSSAnimation).animationName ?? "a transition"),
  );

for (const language of ["de", "ar"]) {
  for (const { name, size, text } of [
    { name: "320 px", size: { width: 320, height: 568 }, text: 100 },
    { name: "320 px and text of 200 %", size: { width: 320, height: 568 }, text: 200 },
    { name: "text of 200 %", size: { width: 380, height: 620 }, text: 200 },
  ]) {
    test(`nothing is cut in any state: ${language}, ${name}`, async ({ page }) => {
      test.setTimeout(120_000);
      await serveGallery(page, gallery);
      await page.setViewportSize(size);
      await page.emulateMedia({ reducedMotion: "reduce" });
      const look = { theme: "light", language, text };
      await openState(page, "idle", look);
      const heading = await page.evaluate(() => {
        const shown = document.querySelector("h1");
        return shown === null ? 0 : Number.parseFloat(getComputedStyle(shown).fontSize);
      });
      expect(heading, "texts are as large as they are asked to be").toBeGreaterThan(text * 0.19);
      const wrong: Record<string, string[]> = {};
      for (const state of await stateNames(page)) {
        await openState(page, state, look);
        const found = [...(await cut(page)), ...(await moving(page))];
        if (found.length > 0) wrong[state] = found;
      }
      expect(wrong).toEqual({});
    });
  }
}
