/** What Studio asks about profiles. */

import { useQuery } from "@tanstack/react-query";

import { api, queryClient } from "../../api/client.ts";

export const profilesOf = (appId: string) =>
  api.queryOptions("get", "/v1/apps/{appId}/destinations", { params: { path: { appId } } });

export const useProfiles = (appId: string) => useQuery(profilesOf(appId));

/** Names of profiles by their ids. */
export function useProfileNames(appId: string): (id: string | null | undefined) => string | null {
  const profiles = useProfiles(appId).data?.items ?? [];
  return (id) => (id == null ? null : (profiles.find((one) => one.id === id)?.name ?? id));
}

export const refreshProfiles = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/v1/apps/{appId}/destinations"),
  });
