/** Every state of the widget without a server: the gallery, built from the widget's own sources. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";

import type { Page } from "@playwright/test";

const ADDRESS = "http://gallery.example/";
const PICTURES = "https://picture.example/";
const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
};

/** Builds it into a folder that is gone with this process; its path. */
export function buildGallery(): string {
  const folder = mkdtempSync(join(tmpdir(), "bellpush-gallery-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const web = join(import.meta.dirname, "../../../web");
  execFileSync("node", ["scripts/gallery.mjs", folder], { cwd: web, stdio: "inherit" });
  return folder;
}

/** Lets a page open the gallery of a folder. */
export async function serveGallery(page: Page, folder: string): Promise<void> {
  await page.route(`${ADDRESS}**`, async (route) => {
    const path = new URL(route.request().url()).pathname;
    const file = join(folder, path);
    await route.fulfill({ body: readFileSync(file), contentType: TYPES[extname(file)] ?? "" });
  });
  await page.route(`${PICTURES}**`, async (route) => {
    await route.fulfill({ contentType: "image/svg+xml", body: picture(route.request().url()) });
  });
}

/** The pictures of a design are boxes with a word in them: `320x140/0b7367/Our team.svg`. */
function picture(address: string): string {
  const [size = "", color = "", name = ""] = address.slice(PICTURES.length).split("/");
  const [width, height] = size.split("x");
  const word = decodeURIComponent(name).replace(".svg", "");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#${color}"/><text x="50%" y="60%" text-anchor="middle" font-family="serif" font-size="24" fill="#fff">${word}</text></svg>`;
}

export interface Look {
  readonly theme: string;
  readonly language: string;
  /** The size of letters in per cent; 100 without it. */
  readonly text?: number;
}

/** Shows one state. */
export async function openState(page: Page, shot: string, look: Look): Promise<void> {
  const { theme, language, text = 100 } = look;
  const query = new URLSearchParams({ shot, theme, lang: language, text: String(text) });
  await page.goto(`${ADDRESS}gallery.html?${query}`);
  await page.waitForFunction(() => "shots" in window);
  // What loads by itself, such as the keypad, is there when nothing is fetched any more.
  await page.waitForLoadState("networkidle");
}

/** The names of all states; one has to be open. */
export function stateNames(page: Page): Promise<string[]> {
  return page.evaluate(() => (window as unknown as { shots: string[] }).shots);
}
