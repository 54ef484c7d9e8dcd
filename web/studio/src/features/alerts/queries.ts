/** What Studio asks about alerts. */

import { api, client, queryClient } from "../../api/client.ts";

/** Rules are looked at once a minute; what came of it is asked for a little more often. */
const LOOK_EVERY_MS = 10_000;

export const useAlertRules = (appId: string) =>
  api.useQuery(
    "get",
    "/v1/apps/{appId}/alert-rules",
    { params: { path: { appId } } },
    { refetchInterval: LOOK_EVERY_MS },
  );

export const useAlertRule = (appId: string, ruleId: string) =>
  api.useQuery(
    "get",
    "/v1/apps/{appId}/alert-rules/{ruleId}",
    { params: { path: { appId, ruleId } } },
    { refetchInterval: LOOK_EVERY_MS },
  );

export const refreshAlerts = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/v1/apps/{appId}/alert"),
  });

/** Silences a rule for so many minutes, or ends its silence. */
export async function silence(
  appId: string,
  ruleId: string,
  minutes: number | null,
): Promise<void> {
  const params = { path: { appId, ruleId } };
  await (minutes === null
    ? client.DELETE("/v1/apps/{appId}/alert-rules/{ruleId}/silence", { params })
    : client.PUT("/v1/apps/{appId}/alert-rules/{ruleId}/silence", { params, body: { minutes } }));
  await refreshAlerts();
}
