/** What values of dimensions are called. */

import { t } from "../../texts/index.ts";
import type { Dimension } from "./search.ts";

const UNKNOWN = "unknown";
const languages = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

export function valueName(
  dimension: Dimension,
  value: string,
  profileName: (id: string) => string | null,
): string {
  if (value === UNKNOWN) return t.analytics.breakdown.unknown;
  switch (dimension) {
    case "profile":
      return profileName(value) ?? value;
    case "language":
      return /^[a-z]{2}$/.test(value) ? (languages.of(value) ?? value) : value;
    case "network":
      return t.analytics.breakdown.networks[value] ?? value;
    case "page":
      return value.replace(/^https?:\/\//, "");
    default:
      return value;
  }
}
