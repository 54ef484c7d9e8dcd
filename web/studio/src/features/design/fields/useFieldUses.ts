/** Which profiles use a field of the form, as `{form.name}`. */

import { useMemo } from "react";

import { queryClient } from "../../../api/client.ts";
import { profilesOf, useProfiles } from "../../profiles/queries.ts";
import { usersOf, usesIn } from "./uses.ts";

type Fields = readonly { readonly name: string }[];

export interface FieldUses {
  /** The profiles that use any of these fields; null: not known yet. */
  readonly known: (fields: Fields) => readonly string[] | null;
  /** The same, once it is known. */
  readonly find: (fields: Fields) => Promise<readonly string[]>;
}

export function useFieldUses(appId: string): FieldUses {
  const profiles = useProfiles(appId).data?.items;
  return useMemo(() => {
    const uses = profiles === undefined ? null : usesIn(profiles);
    return {
      known: (fields) => uses && usersOf(fields, uses),
      async find(fields) {
        const { items } = await queryClient.ensureQueryData(profilesOf(appId));
        return usersOf(fields, usesIn(items));
      },
    };
  }, [appId, profiles]);
}
