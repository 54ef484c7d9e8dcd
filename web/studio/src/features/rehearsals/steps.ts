/** What a test call met, from its timeline: only what answers "did the overflow help?". */

import type { Item } from "../calls/timeline/items.ts";

export type Step = { readonly at: string } & (
  | { readonly kind: "rang" }
  | {
      readonly kind: "refused";
      /** The far side's answer; null: there was none. */
      readonly answer: string | null;
    }
  | {
      readonly kind: "taken";
      readonly profileId: string;
      readonly isOverflow: boolean;
    }
  | { readonly kind: "failed"; readonly code: string }
  | { readonly kind: "ended" }
);

/** The steps of a call that asked for a profile first, in their order. */
export function stepsOf(items: readonly Item[], profileId: string): readonly Step[] {
  return items.flatMap(({ at, what }): readonly Step[] => {
    switch (what.kind) {
      case "phase":
        return what.phase === "ringing" ? [{ at, kind: "rang" }] : [];
      case "rejected": {
        const { status, reasonPhrase } = what.failure;
        const answer = status == null ? null : [status, reasonPhrase].filter(Boolean).join(" ");
        return [{ at, kind: "refused", answer }];
      }
      case "answered": {
        const isOverflow = what.profileId !== profileId;
        return [{ at, kind: "taken", profileId: what.profileId, isOverflow }];
      }
      case "event": {
        if (what.name === "call_ended") return [{ at, kind: "ended" }];
        if (what.name !== "call_error") return [];
        const { errorCode } = what.event.data as { readonly errorCode?: unknown };
        return [{ at, kind: "failed", code: String(errorCode) }];
      }
      default:
        return [];
    }
  });
}
