/** Which events there can be, beside those that custom code emits. */

import { useMemo } from "react";

import { useApp } from "../apps/queries.ts";
import { usePublished } from "../design/usePublished.ts";
import { emittedBeside } from "./emitted.ts";

/** null: not known yet. */
export function useEmitted(appId: string): ReadonlySet<string> | null {
  const app = useApp(appId).data;
  const design = usePublished(appId);
  return useMemo(
    () => (app === undefined || design === undefined ? null : emittedBeside(app, design)),
    [app, design],
  );
}
