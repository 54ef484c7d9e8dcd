/** What Studio asks about rehearsals. */

import { api, queryClient } from "../../api/client.ts";
import type { EventView, Fault, RehearsalView } from "../../api/generated/schema.ts";

/** What a rehearsal is of. */
export type Target = { readonly integrationId: string } | { readonly destinationId: string };

export const FAULTS_OF_ENDPOINTS = ["server_error", "hanging", "rate_limited"] as const;
export const FAULTS_OF_CALLS = ["trunk_busy", "trunk_unavailable", "microphone_denied"] as const;

export const faultsOf = (target: Target): readonly Fault[] =>
  "integrationId" in target ? FAULTS_OF_ENDPOINTS : FAULTS_OF_CALLS;

/** Another person may begin or end one. */
const LOOK_EVERY_MS = 5_000;
/** What goes on is seen as it goes on. */
export const WATCH_EVERY_MS = 1_000;

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

/** Shown of the calls of one rehearsal. */
const CALLS = 10;

/** While it runs they are watched; a call that was placed then may go on after it. */
const watched = ({ state }: RehearsalView) =>
  state === "running" ? WATCH_EVERY_MS : LOOK_EVERY_MS;

/** The test calls that asked for a rehearsed profile meanwhile, newest first. */
export const useTestCalls = (appId: string, rehearsal: RehearsalView) =>
  api.useQuery(
    "get",
    "/v1/apps/{appId}/calls",
    {
      params: {
        path: { appId },
        query: {
          profileId: rehearsal.destinationId ?? undefined,
          preview: true,
          from: rehearsal.startedAt,
          to: rehearsal.endedAt ?? undefined,
          limit: CALLS,
        },
      },
    },
    { refetchInterval: watched(rehearsal) },
  );

/** The events of previews that were denied the microphone meanwhile, newest first. */
export const useDeniedCalls = (appId: string, rehearsal: RehearsalView) =>
  api.useQuery(
    "get",
    "/v1/apps/{appId}/events",
    {
      params: {
        path: { appId },
        query: { name: "call_error", from: rehearsal.startedAt, limit: 50 },
      },
    },
    {
      refetchInterval: watched(rehearsal),
      select: ({ items }) => items.filter(isDenied).slice(0, CALLS),
    },
  );

function isDenied({ event, preview }: EventView): boolean {
  const { errorCode } = event["data"] as Readonly<Record<string, unknown>>;
  return preview && errorCode === "microphone_denied";
}

export const refreshRehearsals = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/v1/apps/{appId}/rehearsals"),
  });
