/** Pages that embed the widget by the loader, and what can be seen of it from outside. */

import { type Frame, type Page } from "@playwright/test";

import type { Shop } from "./shop.ts";
import { until } from "./until.ts";

/** The attributes of the loader's script for this shop. */
export function attributes(shop: Shop, more: Record<string, string> = {}): string {
  const all = { "data-app": shop.appId, "data-key": shop.key, ...more };
  return Object.entries(all)
    .map(([name, value]) => `${name}="${value.replaceAll('"', "&quot;")}"`)
    .join(" ");
}

/** The loader's one line. */
export function tag(shop: Shop, more: Record<string, string> = {}): string {
  return `<script async src="${shop.server.url}/embed.js" ${attributes(shop, more)}></script>`;
}

/** The loader's address with all settings in it. */
export function address(shop: Shop, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ app: shop.appId, key: shop.key, ...more });
  return `${shop.server.url}/embed.js?${query}`;
}

/** A page of the shop with this in its head and body; long enough to scroll. */
export function shopPage(head: string, body = ""): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
    <script>
      window.messages = [];
      addEventListener("message", ({ origin, data }) => window.messages.push({ origin, data }));
    </script>${head}</head>
    <body><main style="block-size:3000px"><h1>Shop</h1>${body}</main></body></html>`;
}

/** Keeps the console's sentences of a page. */
export function sentences(page: Page): string[] {
  const kept: string[] = [];
  page.on("console", (message) => kept.push(message.text()));
  page.on("pageerror", (error) => kept.push(`uncaught: ${error.message}`));
  return kept;
}

/** How many widgets there are: floating buttons, and frames of ours in light and shadow trees. */
export function counted(page: Page): Promise<{ buttons: number; frames: number }> {
  return page.evaluate(() => ({
    buttons: document.querySelectorAll("bellpush-button").length,
    frames: window.length,
  }));
}

/** Waits for the floating button; where it is in the window. */
export async function buttonBox(page: Page): Promise<DOMRect> {
  const button = page.getByRole("button", { name: /call us/i });
  await button.waitFor();
  const box = await button.boundingBox();
  if (box === null) throw new Error("the button has no box");
  return box as DOMRect;
}

/** The widget's frame, as soon as it is there. */
export function widgetFrame(page: Page, shop: Shop): Promise<Frame> {
  return until("the widget's frame is there", () =>
    page.frames().find((frame) => frame.url().startsWith(`${shop.server.url}/w/${shop.appId}?`)),
  );
}

/**
 * Counts, in a page of a test, what is left behind: listeners of window and document, timers and
 * observers. Runs before the page's own code.
 */
export function countLeftovers(): void {
  const left = { listeners: 0, timers: 0, observers: 0 };
  (window as unknown as { left: typeof left }).left = left;
  const targets: EventTarget[] = [window, document];
  const seen = new Map<string, Set<unknown>>();
  const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
  const key = (target: EventTarget, type: string) => `${targets.indexOf(target)} ${type}`;
  EventTarget.prototype.addEventListener = function (this: EventTarget, ...args: unknown[]) {
    const target = this ?? window;
    if (targets.includes(target)) {
      const known = seen.get(key(target, String(args[0]))) ?? new Set();
      seen.set(key(target, String(args[0])), known);
      if (!known.has(args[1])) left.listeners += 1;
      known.add(args[1]);
    }
    return add.apply(target, args as Parameters<typeof add>);
  };
  EventTarget.prototype.removeEventListener = function (this: EventTarget, ...args: unknown[]) {
    const target = this ?? window;
    if (seen.get(key(target, String(args[0])))?.delete(args[1])) left.listeners -= 1;
    return remove.apply(target, args as Parameters<typeof remove>);
  };
  const running = new Set<unknown>();
  const { setTimeout: set, clearTimeout: clear } = window;
  window.setTimeout = ((run: () => void, ...rest: [number]) => {
    const id = set(() => {
      running.delete(id);
      left.timers = running.size;
      run();
    }, ...rest);
    running.add(id);
    left.timers = running.size;
    return id;
  }) as typeof setTimeout;
  window.clearTimeout = (id) => {
    running.delete(id);
    left.timers = running.size;
    clear(id);
  };
  const Native = window.MutationObserver;
  const live = new Set<MutationObserver>();
  window.MutationObserver = class extends Native {
    override observe(...args: Parameters<MutationObserver["observe"]>): void {
      live.add(this);
      left.observers = live.size;
      super.observe(...args);
    }
    override disconnect(): void {
      live.delete(this);
      left.observers = live.size;
      super.disconnect();
    }
  };
}
