/** What is asked about deliveries, and of them. */

import { client, queryClient } from "../../api/client.ts";

const OF = "/v1/apps/{appId}/integrations/{integrationId}";

export const DELIVERY = `${OF}/deliveries/{eventId}` as const;
export const REPLAYS = `${OF}/replays` as const;

/** Delivers one event again. */
export async function replayOne(
  appId: string,
  integrationId: string,
  eventId: string,
): Promise<void> {
  const path = { appId, integrationId, eventId };
  await client.POST(`${DELIVERY}/replay`, { params: { path } });
}

export const refreshReplays = () => queryClient.invalidateQueries({ queryKey: ["get", REPLAYS] });

export const refreshDeliveries = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) =>
      queryKey[0] === "deliveries" || String(queryKey[1]).startsWith(`${OF}/`),
  });
