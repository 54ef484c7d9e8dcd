/** What the list of calls keeps in its address. */

import type { ErrorCode } from "@bellpush/protocol";

export const CALL_STATES = ["live", "ended", "error"] as const;
export const GRADES = ["good", "fair", "poor", "one_way"] as const;

export interface CallSearch {
  readonly context?: string;
  readonly state?: (typeof CALL_STATES)[number];
  readonly errorCode?: ErrorCode;
  readonly profileId?: string;
  readonly quality?: (typeof GRADES)[number];
  readonly from?: string;
  readonly to?: string;
}
