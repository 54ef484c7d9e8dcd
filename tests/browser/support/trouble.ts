/**
 * A call with a telephone in whose middle something happens: the sound is known on both sides, how loud
 * it is before and after, and for how long it was away.
 */

import { expect } from "@playwright/test";

import { startRecording, stopRecording } from "./media.ts";
import type { Shop } from "./shop.ts";
import { longestGap, loudestBetween, type Moment, moments } from "./sound.ts";
import type { Telephone } from "./telephone.ts";
import { until } from "./until.ts";
import { type Visitor, visit } from "./visitor.ts";

/** What the telephone says. */
export const TELEPHONE_TONE = 400;
/** What is measured of the time before, and of that after. */
const MEASURED_MS = 3000;
/** How much fainter or louder a tone may be afterwards: browsers adjust the level of a microphone. */
const SAME_LEVEL_DB = 12;
/** How long they take for that at the beginning of a call: as loud as then it never is again. */
const SETTLES_MS = 5000;
/** The visitor speaks in bursts, with pauses of 150 ms: what is longer is no pause of theirs. */
export const PAUSE_MS = 400;

interface Measured {
  readonly telephone: Gap;
  readonly visitor: Gap;
}

interface Gap {
  readonly before: number;
  readonly after: number;
  readonly gapMs: number;
}

interface Trouble {
  readonly shop: Shop;
  readonly telephone: Telephone;
  /** What happens; resolves when it is over. */
  readonly happens: (visitor: Visitor) => Promise<void> | void;
  /** Whether ICE is restarted. */
  readonly reconnects: boolean;
  /** Whether the visitor is told so; as a rule when it is. What takes a moment need not be told. */
  readonly says?: boolean;
  readonly html?: string;
  /** Starts Chromium, in place of itself. */
  readonly program?: string;
}

/** A call with this trouble in its middle, its sound measured on both sides. */
export async function through(trouble: Trouble): Promise<Measured> {
  const { shop, telephone, happens, reconnects, says = reconnects, html, program } = trouble;
  let measured: Measured | null = null;
  await visit(
    "chromium",
    "given",
    shop,
    async (visitor) => {
      const { press, sees, widget, told, page } = visitor;
      const restarts: string[] = [];
      page.on("request", (request) => {
        if (request.method() === "PATCH") restarts.push(request.url());
      });
      await press("Call now");
      await sees("Connected");
      const isHeard = (since: number) => () =>
        telephone.heard.some(({ at, level }) => at > since && level > -40);
      await until("the telephone hears the visitor", isHeard(0));
      const frame = await widget();
      const passed = (ms: number) => {
        const end = performance.now() + ms;
        return until(`${ms} ms have passed`, () => performance.now() > end, ms + 5000);
      };
      await passed(SETTLES_MS);
      const from = performance.now();
      await startRecording(frame);
      await passed(MEASURED_MS);
      const begins = performance.now();
      // It may be over before the trouble is.
      const said = says ? sees("Reconnecting…", 30_000) : null;
      await Promise.all([happens(visitor), said]);
      if (reconnects) {
        await until("ICE is restarted", () => restarts.length > 0, 15_000);
      }
      const over = performance.now();
      await sees("Connected", 20_000);
      await until("the telephone hears the visitor again", isHeard(over), 20_000);
      await passed(MEASURED_MS + 500);
      const end = performance.now();
      const recorded = await stopRecording(frame);
      const listened = moments(recorded, TELEPHONE_TONE, from);
      measured = {
        telephone: gapOf(telephone.heard, { from, begins, end }),
        visitor: gapOf(listened, { from, begins, end: Math.min(end, listened.at(-1)?.at ?? end) }),
      };
      expect(restarts.length > 0, "ICE was restarted").toBe(reconnects);
      await press("Hang up");
      const ended = await told("call_ended");
      expect(ended.event.data).toMatchObject({ reason: "user_hangup" });
    },
    html,
    program,
  );
  if (measured === null) throw new Error("nothing was measured");
  return measured;
}

function gapOf(
  heard: readonly Moment[],
  { from, begins, end }: { readonly from: number; readonly begins: number; readonly end: number },
): Gap {
  return {
    before: loudestBetween(heard, from, begins),
    after: loudestBetween(heard, end - MEASURED_MS, end),
    gapMs: longestGap(heard, begins - MEASURED_MS / 2, end),
  };
}

/** Says what was measured, and holds it against the longest gap that is allowed. */
export function check(what: string, measured: Measured, mostMs: number): void {
  for (const [side, { before, after, gapMs }] of Object.entries(measured)) {
    const levels = `${before.toFixed(1)} dB before, ${after.toFixed(1)} dB after`;
    console.log(`${what}: heard by the ${side}: ${levels}, longest gap ${gapMs.toFixed(0)} ms`);
  }
  for (const { before, after, gapMs } of Object.values(measured)) {
    expect(before).toBeGreaterThan(-30);
    expect(Math.abs(after - before)).toBeLessThan(SAME_LEVEL_DB);
    expect(gapMs).toBeLessThan(mostMs);
  }
}

