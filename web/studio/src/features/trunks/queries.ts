/** What Studio asks about trunks. */

import { api, queryClient } from "../../api/client.ts";

/** Their status is looked at again by itself. */
export const useTrunks = () => api.useQuery("get", "/v1/trunks", {}, { refetchInterval: 5_000 });

export const refreshTrunks = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/v1/trunks"),
  });
