/** widget_loaded and tap to connected, in headless Chromium on loopback; medians of many rounds. */

import { spyOnPeers } from "../support/media.ts";
import { messageNamed, test } from "../support/shop.ts";

const ROUNDS = 20;

test.use({ serverOptions: ["--calls-per-minute", "1000", "--sessions-per-minute", "1000"] });

test("times", async ({ browser, shop }) => {
  const loaded: number[] = [];
  const connected: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // A new context has a cold cache.
    const context = await browser.newContext();
    await spyOnPeers(context);
    await context.addInitScript(() => {
      const marks = window as unknown as { tappedAt: number; connectedAt: number };
      addEventListener("click", () => {
        marks.tappedAt ||= performance.now();
      }, { capture: true });
      new MutationObserver(() => {
        if (!marks.connectedAt && document.body?.innerText.includes("Connected")) {
          marks.connectedAt = performance.now();
        }
      }).observe(document, { subtree: true, childList: true, characterData: true });
    });
    const page = await context.newPage();
    const widget = await shop.open(page);
    const message = await messageNamed(page, "widget_loaded");
    const began = await widget.evaluate(() => performance.timeOrigin);
    loaded.push(Date.parse(message.data.event.timestamp) - began);

    const button = widget.getByRole("button", { name: "Call now" });
    // The warm-up of a pointer that comes near, as with any visitor.
    await button.hover();
    await page.waitForLoadState("networkidle");
    await button.click();
    const marks = await widget.waitForFunction(() => {
      const marks = window as unknown as { tappedAt: number; connectedAt: number };
      return marks.connectedAt ? { ...{ tap: marks.tappedAt, connected: marks.connectedAt } } : null;
    });
    const { tap, connected: at } = (await marks.jsonValue()) as { tap: number; connected: number };
    connected.push(at - tap);
    await context.close();
  }
  print("navigation start to widget_loaded", loaded);
  print("tap to connected", connected);
});

function print(what: string, values: number[]): void {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]?.toFixed(0);
  console.log(`${what}: median ${at(0.5)} ms, least ${at(0)} ms, most ${at(1)} ms, of ${ROUNDS}`);
}
