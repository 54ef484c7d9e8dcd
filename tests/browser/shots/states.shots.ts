/**
 * Takes a picture of every state of the widget, also in designs with more than the default one, in both
 * themes, in four sizes and with letters of twice the size, in the languages asked for, and lays them
 * out as contact sheets.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Page, test } from "@playwright/test";

import { openState, serveGallery, stateNames } from "../support/gallery.ts";

const GALLERY = process.env["BELLPUSH_GALLERY"] ?? "";
const OUT = process.env["BELLPUSH_SHOTS"] ?? "";
const LANGUAGES = (process.env["BELLPUSH_SHOT_LANGUAGES"] ?? "en,ar").split(",");
const SIZES = [
  { name: "narrow", width: 320, height: 568, text: 100 },
  { name: "panel", width: 380, height: 620, text: 100 },
  { name: "landscape", width: 568, height: 320, text: 100 },
  { name: "desktop", width: 760, height: 640, text: 100 },
  { name: "large-text", width: 380, height: 620, text: 200 },
] as const;
const THEMES = ["light", "dark"] as const;
/** Pictures side by side on a sheet. */
const COLUMNS = 8;

for (const language of LANGUAGES) {
  for (const theme of THEMES) {
    for (const size of SIZES) {
      test(`${language} ${theme} ${size.name}`, async ({ page }) => {
        await serveGallery(page, GALLERY);
        await page.setViewportSize(size);
        await page.emulateMedia({ reducedMotion: "reduce" });
        const folder = join(OUT, `${language}-${theme}-${size.name}`);
        mkdirSync(folder, { recursive: true });
        await openState(page, "idle", { theme, language });
        const shots = await stateNames(page);
        for (const shot of shots) {
          await openState(page, shot, { theme, language, text: size.text });
          await page.screenshot({ path: join(folder, `${shot}.png`) });
        }
        await sheet(page, folder, shots, size);
      });
    }
  }
}

/** One picture of them all. */
async function sheet(
  page: Page,
  folder: string,
  shots: readonly string[],
  { width, height }: { readonly width: number; readonly height: number },
): Promise<void> {
  const half = { width: width / 2, height: height / 2 };
  const figures = shots.map((shot) => {
    const picture = readFileSync(join(folder, `${shot}.png`)).toString("base64");
    return `<figure><img src="data:image/png;base64,${picture}" width="${half.width}" height="${half.height}"><figcaption>${shot}</figcaption></figure>`;
  });
  const html = `<!doctype html><style>body{margin:8px;background:#888;font:11px system-ui;display:grid;gap:8px;grid-template-columns:repeat(${COLUMNS},${half.width}px)}figure{margin:0}figcaption{color:#fff}</style>${figures.join("")}`;
  const file = `${folder}.html`;
  writeFileSync(file, html);
  await page.setViewportSize({ width: COLUMNS * (half.width + 8) + 16, height: 600 });
  await page.setContent(html);
  await page.screenshot({ path: `${folder}.png`, fullPage: true });
}
