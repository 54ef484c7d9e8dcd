/** Which profiles use a field of the form, as `{form.name}`. */

import { useMemo } from "react";

import { useProfiles } from "../../profiles/queries.ts";
import { usesIn } from "./uses.ts";

export function useFieldUses(appId: string): ReadonlyMap<string, readonly string[]> {
  const profiles = useProfiles(appId).data?.items;
  return useMemo(() => usesIn(profiles ?? []), [profiles]);
}
