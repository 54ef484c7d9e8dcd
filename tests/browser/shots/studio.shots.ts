/** Takes a picture of every screen of Call Studio, in both themes, on a phone and wide. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { screens } from "../support/screens.ts";
import { seeded } from "../support/seed.ts";
import { go, open, test } from "../support/studio.ts";

const OUT = process.env["BELLPUSH_SHOTS"] ?? "";
const SIZES = [
  { name: "phone", width: 360, height: 740 },
  { name: "wide", width: 1280, height: 860 },
] as const;

test("every screen", async ({ page, server }) => {
  const at = await seeded(server, page);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await open(page, server, "apps");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const { name: size, ...viewport } of SIZES) {
      const folder = join(OUT, `studio-${colorScheme}-${size}`);
      mkdirSync(folder, { recursive: true });
      await page.setViewportSize(viewport);
      for (const [name, path] of screens(at)) {
        await go(page, path);
        await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
      }
    }
  }
});
