/** What each part of the screen is given. */

import type { AnalyticsSummary } from "../../api/generated/schema.ts";
import type { AnalyticsSearch, Asked } from "./search.ts";

export interface PartProps {
  readonly appId: string;
  readonly search: AnalyticsSearch;
  readonly asked: Asked;
  readonly summary: AnalyticsSummary;
  readonly go: (patch: AnalyticsSearch) => void;
}
