/** All that is known of a call. */

import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { client } from "../../api/client.ts";
import type { CallDetails, RecordState } from "../../api/generated/schema.ts";
import { useLive } from "../live/useLive.ts";
import { type Item, itemsOf, type Sample, samplesOf } from "./timeline/items.ts";

export interface CallStory {
  readonly call: CallDetails;
  readonly items: readonly Item[];
  readonly quality: readonly Sample[];
  readonly recorded: RecordState;
}

/** What happened to a call. While it goes on, it is asked again after so many milliseconds. */
export function useCallStory(appId: string, callId: string, whileLive = 10_000) {
  return useQuery({
    queryKey: ["call", appId, callId],
    queryFn: () => readStory(appId, callId),
    // What happens in a call is followed; its measurements and deliveries are not told of.
    refetchInterval: ({ state: { data } }) =>
      data === undefined || isSettled(data)
        ? false
        : data.call.state === "live"
          ? whileLive
          : 3_000,
  });
}

/** Calls back whenever something happens in a call. */
export function useNews(appId: string, callId: string, onNews: () => void): void {
  const { events, stages } = useLive(appId, { callId }).feed;
  const stage = stages.get(callId);
  const news = `${events[0]?.id ?? ""} ${stage?.phase ?? ""} ${stage?.held ?? ""}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each piece of news is a reason
  useEffect(onNews, [news, onNews]);
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
