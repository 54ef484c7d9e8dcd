/** All that is known of a call. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../../api/client.ts";
import type { Sources } from "./timeline.ts";

export type CallStory = Sources;

/** Events and deliveries of one call, at most. */
const MOST = 500;

export function useCallStory(appId: string, callId: string) {
  return useQuery({
    queryKey: ["call", appId, callId],
    queryFn: () => readStory(appId, callId),
    // A call that is under way, or whose deliveries are, goes on changing.
    refetchInterval: ({ state: { data } }) =>
      data === undefined || isSettled(data) ? false : 3_000,
  });
}

const isSettled = ({ call, deliveries }: CallStory) =>
  call.state !== "live" &&
  deliveries.every(([, some]) => some.every((delivery) => delivery.status !== "pending"));

async function readStory(appId: string, callId: string): Promise<CallStory> {
  const path = { appId };
  const [call, events, integrations] = await Promise.all([
    client.GET("/v1/apps/{appId}/calls/{callId}", { params: { path: { appId, callId } } }),
    client.GET("/v1/apps/{appId}/events", { params: { path, query: { callId, limit: MOST } } }),
    client.GET("/v1/apps/{appId}/integrations", { params: { path } }),
  ]);
  if (call.data === undefined) throw new Error("the answer is empty");
  const deliveries = await Promise.all(
    (integrations.data?.items ?? []).map(async ({ id, name }) => {
      const { data } = await client.GET(
        "/v1/apps/{appId}/integrations/{integrationId}/deliveries",
        { params: { path: { appId, integrationId: id }, query: { callId, limit: MOST } } },
      );
      return [{ id, name }, data?.items ?? []] as const;
    }),
  );
  return { call: call.data, events: events.data?.items ?? [], deliveries };
}
