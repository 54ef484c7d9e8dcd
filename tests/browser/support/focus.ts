/** Where the keyboard is, and what is said to those who do not see the screen. */

import type { BrowserContext, Frame } from "@playwright/test";

interface Watched {
  readonly lost: string[];
  readonly said: string[];
}

/** Watches the focus, and the live regions, of every document. Before the pages are opened. */
export async function watchFocus(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const watched: Watched = { lost: [], said: [] };
    Object.assign(window, { watched });
    let inside = false;
    let nowhere = 0;
    setInterval(() => {
      const holder = document.activeElement;
      const isNowhere = holder === null || holder === document.body || holder.matches(":disabled");
      inside ||= !isNowhere;
      nowhere = inside && isNowhere && document.hasFocus() ? nowhere + 1 : 0;
      // A moment between two states is no loss: nobody presses a key so soon.
      if (nowhere === 5) watched.lost.push(document.body.innerText.slice(0, 80));
    }, 30);
    addEventListener("blur", () => {
      inside = false;
    });
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const element = target instanceof Element ? target : target.parentElement;
        const region = element?.closest("[role=status], [role=alert], output, [aria-live]");
        const text = region?.textContent?.trim();
        if (text && text !== watched.said.at(-1)) watched.said.push(text);
      }
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
}

/** What was shown each time when the focus was nowhere, though it had been in this document. */
export function focusLost(frame: Frame): Promise<readonly string[]> {
  return frame.evaluate(() => (window as unknown as { watched: Watched }).watched.lost);
}

/** What its live regions have said so far, in turn. */
export function announced(frame: Frame): Promise<readonly string[]> {
  return frame.evaluate(() => (window as unknown as { watched: Watched }).watched.said);
}

/** The name of what has the focus in a document. */
export function focused(frame: Frame): Promise<string> {
  return frame.evaluate(() => {
    const holder = document.activeElement;
    const name = holder?.getAttribute("aria-label") ?? holder?.textContent?.trim() ?? "";
    return `${holder?.tagName.toLowerCase()} ${name}`.trim();
  });
}
