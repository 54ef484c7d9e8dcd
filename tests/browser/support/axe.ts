/** What a machine can find of barriers, by axe-core. */

import axe, { type RunOptions, type AxeResults } from "axe-core";
import type { Frame, Page } from "@playwright/test";

const OPTIONS: RunOptions = {
  runOnly: [
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    "best-practice",
  ],
  resultTypes: ["violations"],
  // Frames are looked at one by one: what is in them belongs to other documents.
  iframes: false,
};

/** Each violation in a document as it is when what moves has come to rest, in a line of its own. */
export async function violations(shown: Page | Frame): Promise<string[]> {
  await shown.evaluate(axe.source);
  // Half faded in, everything has too little contrast.
  await shown.evaluate(async () => {
    const ends = (animation: Animation) => animation.effect?.getComputedTiming().endTime !== Infinity;
    const finished = document.getAnimations().filter(ends).map((animation) => animation.finished);
    await Promise.allSettled(finished);
  });
  const found = await shown.evaluate(
    (options) => (window as unknown as { axe: typeof axe }).axe.run(options) as Promise<AxeResults>,
    OPTIONS,
  );
  if (found.passes.length === 0) throw new Error("axe-core has looked at nothing");
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  );
}
