/**
 * A visitor in Chromium or Firefox with nothing of the browser replaced: microphone, permission and
 * tabs are its own. Both are driven by one library, so that one test is true of both.
 */

import { type Browser, type Frame, launch, type Page } from "puppeteer-core";

import { startFirefox } from "./firefox.ts";
import { embeddingPage } from "./host.ts";
import { keepPeers } from "./media.ts";
import type { SoundServer } from "./pulse.ts";
import type { Message, Shop } from "./shop.ts";
import { TONE, TONE_FILE } from "./tone.ts";
import { until } from "./until.ts";

export const BROWSERS = ["chromium", "firefox"] as const;
export type BrowserName = (typeof BROWSERS)[number];

/** What becomes of the widget's wish for a microphone: given is one that the browser fakes. */
export type Microphone = "given" | "refused" | "unanswered" | "missing";

/** What the visitor says in this browser, in hertz; the demo's greeting has other tones. */
export const SAYS: Record<BrowserName, number> = { chromium: TONE, firefox: 700 };

const executablePath = process.env["BELLPUSH_CHROMIUM"] ?? "/usr/bin/chromium";

export interface Visitor {
  readonly browser: Browser;
  readonly page: Page;
  /** The widget's frame as it is now. */
  readonly widget: () => Promise<Frame>;
  readonly press: (name: string, count?: number) => Promise<void>;
  /** Waits until the widget shows a text. */
  readonly sees: (text: string, within?: number) => Promise<void>;
  /** Waits until the page is told of an event. */
  readonly told: (name: string, within?: number) => Promise<Message["data"]>;
  /** All events that the page was told. */
  readonly events: () => Promise<readonly Message["data"][]>;
  /** Opens the shop's page in another tab, which comes to the front. */
  readonly openTab: () => Promise<Visitor>;
  /** Chromium alone: the visitor thinks otherwise about the microphone. */
  readonly setMicrophone: (state: "granted" | "denied") => Promise<void>;
}

/**
 * Has a visitor open the shop's page, with the widget in it or as it is given, and does the rest. A
 * page with a short life in it is made when the browser stands, which may take seconds. In place of the
 * browser another program may be started, that starts it. With a sound server the devices are real ones.
 */
export async function visit(
  name: BrowserName,
  microphone: Microphone | SoundServer,
  shop: Shop,
  run: (visitor: Visitor) => Promise<void>,
  html: string | (() => Promise<string>) = embeddingPage(shop.widgetUrl()),
  program?: string,
): Promise<void> {
  const browser = await (name === "chromium"
    ? startChromium(microphone, program)
    : typeof microphone === "string"
      ? startFirefox(SAYS.firefox, PREFERENCES[microphone])
      : startFirefox(SAYS.firefox, PREFERENCES.missing, microphone.environment));
  try {
    const { origin } = shop.host;
    if (name === "chromium" && microphone !== "unanswered") {
      await setMicrophone(browser, origin, microphone === "refused" ? "denied" : "granted");
    }
    shop.host.html = typeof html === "string" ? html : await html();
    await run(await openPage(browser, shop));
  } finally {
    await browser.close();
  }
}

function startChromium(
  microphone: Microphone | SoundServer,
  program = executablePath,
): Promise<Browser> {
  const real = typeof microphone !== "string";
  return launch({
    browser: "chrome",
    executablePath: program,
    // No socket, which a network of its own would keep from us.
    pipe: true,
    headless: true,
    // What it plays is heard where there is something to play it.
    ...(real ? { ignoreDefaultArgs: ["--mute-audio"] } : {}),
    env: { ...process.env, ...(real ? microphone.environment : {}) },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
      ...(real || microphone === "missing"
        ? []
        : [
            "--use-fake-device-for-media-stream",
            `--use-file-for-fake-audio-capture=${TONE_FILE}`,
          ]),
    ],
  });
}

const ASKS = { "media.navigator.permission.disabled": false };
const PREFERENCES: Record<Microphone, Record<string, unknown>> = {
  given: {},
  refused: { ...ASKS, "permissions.default.microphone": 2 },
  unanswered: ASKS,
  missing: { "media.navigator.streams.fake": false },
};

function setMicrophone(
  browser: Browser,
  origin: string,
  state: "granted" | "denied",
): Promise<void> {
  const context = browser.defaultBrowserContext();
  return context.setPermission(origin, { permission: { name: "microphone" }, state });
}

async function openPage(browser: Browser, shop: Shop): Promise<Visitor> {
  const page = await browser.newPage();
  await page.evaluateOnNewDocument(keepPeers);
  await page.goto(shop.host.origin);
  const widget = () =>
    until("the widget's frame is there", () =>
      page.frames().find((frame) => frame.url().startsWith(`${shop.server.url}/w/${shop.appId}?`)),
    );
  const events = async () => {
    const all = await page.evaluate(
      () => (window as unknown as { messages: Message[] }).messages,
    );
    return all.map(({ data }) => data).filter((data) => data.event !== undefined);
  };
  return {
    browser,
    page,
    widget,
    async press(name, count = 1) {
      const button = (await widget()).locator(`::-p-aria([name='${name}'][role='button'])`);
      await button.click({ count });
    },
    async sees(text, within) {
      let shown = "";
      const isShown = async () => {
        shown = await (await widget())
          .evaluate(() => document.querySelector("main")?.innerText ?? "")
          // The document is about to be another one.
          .catch(() => "");
        return shown.includes(text);
      };
      await until(`the widget says “${text}”`, isShown, within).catch((error: Error) => {
        throw new Error(`${error.message}, but:\n${shown}`);
      });
    },
    told: (name, within) =>
      until(
        `the page is told of ${name}`,
        async () => (await events()).find(({ event }) => event.name === name),
        within,
      ),
    events,
    openTab: () => openPage(browser, shop),
    setMicrophone: (state) => setMicrophone(browser, shop.host.origin, state),
  };
}
