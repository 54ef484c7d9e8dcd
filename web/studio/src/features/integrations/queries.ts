/** What Studio asks about integrations. */

import { api, queryClient } from "../../api/client.ts";

export const useIntegrations = (appId: string) =>
  api.useQuery("get", "/v1/apps/{appId}/integrations", { params: { path: { appId } } });

export const usePresets = () =>
  api.useQuery("get", "/v1/presets", {}, { staleTime: Number.POSITIVE_INFINITY });

export const refreshIntegrations = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) =>
      queryKey[0] === "health" || String(queryKey[1]).startsWith("/v1/apps/{appId}/integrations"),
  });
