/** All that is known of a call. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../../api/client.ts";
import type { CallDetails, RecordState } from "../../api/generated/schema.ts";
import { type Item, itemsOf, type Sample, samplesOf } from "./timeline/items.ts";

export interface CallStory {
  readonly call: CallDetails;
  readonly items: readonly Item[];
  readonly quality: readonly Sample[];
  readonly recorded: RecordState;
}

export function useCallStory(appId: string, callId: string) {
  return useQuery({
    queryKey: ["call", appId, callId],
    queryFn: () => readStory(appId, callId),
    // A call that is under way, or whose deliveries are, goes on changing.
    refetchInterval: ({ state: { data } }) =>
      data === undefined || isSettled(data) ? false : 3_000,
  });
}

const isSettled = ({ call, items }: CallStory) =>
  call.state !== "live" &&
  items.every(({ what }) => what.kind !== "delivery" || what.status !== "pending");

async function readStory(appId: string, callId: string): Promise<CallStory> {
  const { data } = await client.GET("/v1/apps/{appId}/calls/{callId}/timeline", {
    params: { path: { appId, callId } },
  });
  if (data === undefined) throw new Error("the answer is empty");
  return { ...data, items: itemsOf(data.items), quality: samplesOf(data.quality) };
}
