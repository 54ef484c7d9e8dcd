/** Debian's Firefox, driven by WebDriver BiDi: Playwright can only drive a Firefox of its own making. */

import { type Browser, type Frame, launch, type Page } from "puppeteer-core";

import { keepPeers } from "./media.ts";
import { until } from "./until.ts";

const executablePath = process.env["BELLPUSH_FIREFOX"] ?? "/usr/bin/firefox-esr";

/** Starts a Firefox whose microphone gives a steady tone, and which asks nobody for it. */
export function startFirefox(
  hertz: number,
  preferences: Readonly<Record<string, unknown>> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<Browser> {
  return launch({
    browser: "firefox",
    executablePath,
    headless: true,
    env: { ...process.env, ...environment },
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.audio.fake_frequency": hertz,
      "media.navigator.permission.disabled": true,
      "media.autoplay.default": 0,
      // Each site in a process of its own, as for people; drivers switch that off.
      "fission.autostart": true,
      "fission.webContentIsolationStrategy": 1,
      // Noise suppression would take a steady tone for noise.
      "media.getusermedia.noise_enabled": false,
      "media.getusermedia.aec_enabled": false,
      "media.getusermedia.agc_enabled": false,
      ...preferences,
    },
  });
}

/** Opens the shop's page and returns it with the widget's frame, ready for a tap. */
export async function openShop(
  browser: Browser,
  origin: string,
  widgetUrl: string,
): Promise<{ page: Page; widget: Frame }> {
  const page = await browser.newPage();
  await page.evaluateOnNewDocument(keepPeers);
  await page.goto(origin);
  const widget = await until("the widget's frame is there", () =>
    page.frames().find((frame) => frame.url() === widgetUrl),
  );
  return { page, widget };
}
