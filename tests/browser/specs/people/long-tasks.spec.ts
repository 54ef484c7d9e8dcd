/** The loader costs the page no long task, from its first byte to the end of a call. */

import { type Browser, expect, type Page } from "@playwright/test";

import { call } from "../../support/call.ts";
import { shopPage, tag, widgetFrame } from "../../support/loader.ts";
import { messageNamed, test } from "../../support/shop.ts";

/** What the browser itself calls long. */
const LONG_MS = 50;

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of the processor, which a machine that is busy otherwise does not lengthen. */
  readonly tdur?: number;
}

/** The longest task of the page's own thread while something is done, in milliseconds. */
async function longestTask(browser: Browser, page: Page, act: () => Promise<void>): Promise<number> {
  const categories = ["toplevel", "disabled-by-default-devtools.timeline", "blink.user_timing"];
  await browser.startTracing(page, { categories });
  await act();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as {
    readonly traceEvents: readonly TraceEvent[];
  };
  const marks = trace.traceEvents.filter(({ name }) => name === "bellpush-page");
  const isOfPage = ({ pid, tid }: TraceEvent) =>
    marks.some((mark) => mark.pid === pid && mark.tid === tid);
  const tasks = trace.traceEvents.filter(
    (event) => event.ph === "X" && event.name.endsWith("RunTask") && isOfPage(event),
  );
  expect(tasks.length, "tasks of the page are found").toBeGreaterThan(20);
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur / 1000));
}

test.beforeEach(async ({ context }) => {
  await context.addInitScript(() => {
    if (window === window.top) performance.mark("bellpush-page");
  });
});

test("no task of the page is long", async ({ browser, page, shop }) => {
  const longest = await longestTask(browser, page, async () => {
    shop.host.html = shopPage(tag(shop));
    await page.goto(shop.host.origin);
    const button = page.getByRole("button", { name: "Call us" });
    await button.hover();
    await button.click();
    const widget = await widgetFrame(page, shop);
    await call(widget);
    await widget.getByRole("button", { name: "Hang up" }).click();
    await messageNamed(page, "call_ended");
  });
  console.log(`the longest task of the embedding page: ${longest.toFixed(1)} ms`);
  expect(longest).toBeLessThan(LONG_MS);
});

test("a page that has a long task is found out", async ({ browser, page, shop }) => {
  const longest = await longestTask(browser, page, async () => {
    const burns = `<script>
      setTimeout(() => {
        let turns = 0;
        for (const end = performance.now() + 400; performance.now() < end; turns += 1);
      }, 100);
    </script>`;
    shop.host.html = shopPage(tag(shop) + burns);
    await page.goto(shop.host.origin);
    await page.getByRole("button", { name: "Call us" }).hover();
    await messageNamed(page, "widget_loaded");
  });
  expect(longest).toBeGreaterThan(LONG_MS);
});
