/** Who one is and what one may, and what Studio asks about people. */

import { api, queryClient } from "../../api/client.ts";
import type { Me } from "../../api/generated/schema.ts";

export const useMe = () => api.useQuery("get", "/v1/me", {}, { staleTime: 30_000 });

export const useMembers = () => api.useQuery("get", "/v1/members");

/** Whether somebody may do what a scope names, in an app or for the installation. */
export function may(me: Me | undefined, scope: string, appId?: string): boolean {
  if (me === undefined) return false;
  const inApp = me.apps == null || (appId !== undefined && me.apps.includes(appId));
  return me.permissions.includes(scope) || (inApp && me.appPermissions.includes(scope));
}

export const refreshPeople = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) =>
      /^\/v1\/(me|members|invitations|api-keys)/.test(String(queryKey[1])),
  });
