/** Finds out that custom code does not answer any more. */

/** How often it is asked. */
export const PING_EVERY_MS = 500;
/** How long an answer may take before the code is taken away. */
const SILENT_FOR_MS = 2000;

/**
 * Decides what to do at each beat.
 *
 * A beat that comes late does not count as the code's silence alone: a page in the background, or a
 * machine that slept, beats seldom. So many beats have to pass as well as so much time.
 */
export interface Heartbeat {
  beat(): "ask" | "wait" | "give_up";
  answered(): void;
}

export function createHeartbeat(now: () => number): Heartbeat {
  let asked: { readonly at: number; readonly beats: number } | null = null;
  return {
    beat() {
      if (asked === null) {
        asked = { at: now(), beats: 0 };
        return "ask";
      }
      asked = { at: asked.at, beats: asked.beats + 1 };
      const silent = now() - asked.at >= SILENT_FOR_MS;
      return silent && asked.beats * PING_EVERY_MS >= SILENT_FOR_MS ? "give_up" : "wait";
    },
    answered() {
      asked = null;
    },
  };
}
