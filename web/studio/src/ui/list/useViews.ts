/** The saved views of a list, and the move of those that the browser had kept. */

import { useMutation, useQuery } from "@tanstack/react-query";

import { client, queryClient } from "../../api/client.ts";
import type { ViewedList, ViewView } from "../../api/generated/schema.ts";
import { type OldView, oldViews } from "./oldViews.ts";

const KEY = ["views"];

export function useViews(appId: string, list: ViewedList) {
  const all = useQuery({
    queryKey: [...KEY, appId, list],
    queryFn: async () => {
      const known = await read(appId, list);
      return (await move(appId, list, known)) ? read(appId, list) : known;
    },
  });
  const onSettled = () => queryClient.invalidateQueries({ queryKey: KEY });
  const keep = useMutation({ mutationFn: (view: OldView) => put(appId, list, view), onSettled });
  const forget = useMutation({
    mutationFn: (viewId: string) =>
      client.DELETE("/v1/me/views/{viewId}", { params: { path: { viewId } } }),
    onSettled,
  });
  const views: readonly ViewView[] | undefined = all.data;
  return { views, error: all.error, retry: () => void all.refetch(), keep, forget };
}

const put = (appId: string, list: ViewedList, { name, query }: OldView) =>
  client.POST("/v1/me/views", { body: { appId, list, name, query } });

async function read(appId: string, list: ViewedList): Promise<readonly ViewView[]> {
  const { data } = await client.GET("/v1/me/views");
  return (data?.items ?? []).filter((view) => view.appId === appId && view.list === list);
}

/** What the browser has kept goes to the server, once; what is there already is left as it is. Says
 * whether there was any. */
async function move(appId: string, list: ViewedList, known: readonly ViewView[]): Promise<boolean> {
  const key = `studio-views-${list}-${appId}`;
  const names = new Set(known.map(({ name }) => name));
  let moved = 0;
  try {
    const kept = oldViews(localStorage.getItem(key)).filter(({ name }) => !names.has(name.trim()));
    for (const view of kept) {
      await put(appId, list, view);
      moved += 1;
    }
    localStorage.removeItem(key);
  } catch {
    // The browser may keep nothing, and the server may have no room: what stays here is tried again.
  }
  return moved > 0;
}
