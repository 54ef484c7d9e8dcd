/** What became of a call, in a word. */

import type { CallView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import type { Tone } from "../../ui/Status.tsx";

export interface Outcome {
  readonly tone: Tone;
  readonly words: string;
}

export function outcomeOf(call: CallView): Outcome {
  if (call.state === "live") return { tone: "none", words: t.calls.outcomes.live };
  if (call.state === "error") {
    const code = call.errorCode ?? "";
    return { tone: "bad", words: t.calls.errors[code]?.[0] ?? code };
  }
  return call.connectedAt == null
    ? { tone: "warn", words: t.calls.outcomes.unanswered }
    : { tone: "good", words: t.calls.outcomes.answered };
}

/** A score of 1 to 5 (MOS) in a word. */
export function scoreOf(mos: number): { readonly tone: Tone; readonly words: string } {
  if (mos >= 3.8) return { tone: "good", words: t.calls.scores.good };
  if (mos >= 3) return { tone: "warn", words: t.calls.scores.fair };
  return { tone: "bad", words: t.calls.scores.poor };
}

/** The worse of both sides' scores; null when nothing was measured. */
export function worstScore(call: CallView): number | null {
  const scores = [call.quality?.visitor?.mos, call.quality?.farSide?.mos].filter(
    (score) => score !== undefined,
  );
  return scores.length === 0 ? null : Math.min(...scores);
}
