/** What the list of calls keeps in its address. */

import type { ErrorCode } from "@bellpush/protocol";

export const CALL_STATES = ["live", "ended", "error"] as const;
export const GRADES = ["good", "fair", "poor", "one_way"] as const;
export const REASONS = ["user_hangup", "remote_hangup"] as const;
export const RATINGS = [5, 4, 3, 2, 1] as const;
/** The columns that can be chosen, beside the outcome. */
export const COLUMNS = [
  "started",
  "profile",
  "answeredBy",
  "context",
  "quality",
  "rating",
  "reason",
  "duration",
  "id",
] as const;
export type CallColumn = (typeof COLUMNS)[number];
/** Those that are shown where none were chosen. */
export const USUAL: readonly CallColumn[] = [
  "started",
  "profile",
  "context",
  "quality",
  "duration",
];

export interface CallFilter {
  readonly context?: string;
  readonly state?: (typeof CALL_STATES)[number];
  readonly errorCode?: ErrorCode;
  readonly profileId?: string;
  readonly answeredBy?: string;
  readonly quality?: (typeof GRADES)[number];
  readonly reason?: (typeof REASONS)[number];
  readonly rating?: (typeof RATINGS)[number];
  readonly minDuration?: number;
  readonly maxDuration?: number;
  readonly from?: string;
  readonly to?: string;
  /** Only those of previews, or only those of visitors. */
  readonly preview?: boolean;
}

export interface CallSearch extends CallFilter {
  readonly columns?: CallColumn[];
  /** Whether the exports are open. */
  readonly exports?: true;
}
