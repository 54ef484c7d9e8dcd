/** What Studio asks about rehearsals. */

import { api, queryClient } from "../../api/client.ts";
import type { Fault } from "../../api/generated/schema.ts";

/** What a rehearsal is of. */
export type Target = { readonly integrationId: string } | { readonly destinationId: string };

export const FAULTS_OF_ENDPOINTS = ["server_error", "hanging", "rate_limited"] as const;
export const FAULTS_OF_CALLS = ["trunk_busy", "trunk_unavailable", "microphone_denied"] as const;

export const faultsOf = (target: Target): readonly Fault[] =>
  "integrationId" in target ? FAULTS_OF_ENDPOINTS : FAULTS_OF_CALLS;

/** Another person may begin or end one. */
const LOOK_EVERY_MS = 5_000;
/** What goes on is seen as it goes on. */
const WATCH_EVERY_MS = 1_000;

/** The last rehearsals of a target, newest first. */
export const useRehearsals = (appId: string, target: Target) =>
  api.useQuery(
    "get",
    "/v1/apps/{appId}/rehearsals",
    { params: { path: { appId }, query: { ...target, limit: 10 } } },
    { refetchInterval: LOOK_EVERY_MS },
  );

/** One of them, with what comes of it: results that are written after its end as well. */
export const useRehearsal = (appId: string, rehearsalId: string) =>
  api.useQuery(
    "get",
    "/v1/apps/{appId}/rehearsals/{rehearsalId}",
    { params: { path: { appId, rehearsalId } } },
    {
      refetchInterval: ({ state }) =>
        state.data?.state === "over" ? LOOK_EVERY_MS : WATCH_EVERY_MS,
    },
  );

export const refreshRehearsals = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/v1/apps/{appId}/rehearsals"),
  });
