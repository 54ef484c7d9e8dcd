/** The design that visitors see. */

import { useQuery } from "@tanstack/react-query";

import type { Design } from "./core/document.ts";
import { readPublished } from "./queries.ts";

/** null: nothing was published; undefined: not known yet. */
export function usePublished(appId: string): Design | null | undefined {
  return useQuery({
    queryKey: ["design", appId, "published"],
    queryFn: () => readPublished(appId),
  }).data;
}
