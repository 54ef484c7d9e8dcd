/** What Studio asks about exports. */

import { api, client, queryClient } from "../../api/client.ts";
import type { ExportView, NewExport } from "../../api/generated/schema.ts";

/** Exports that are shown; older ones are gone within a day. */
const SHOWN = 20;
const LOOK_EVERY_MS = 1_000;

export const useExports = (appId: string) =>
  api.useQuery(
    "get",
    "/v1/apps/{appId}/exports",
    { params: { path: { appId }, query: { limit: SHOWN } } },
    {
      refetchInterval: ({ state: { data } }) =>
        data?.items.some(({ state }) => state === "running") ? LOOK_EVERY_MS : false,
      staleTime: 0,
    },
  );

export const refreshExports = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/v1/apps/{appId}/exports"),
  });

/** Begins an export. `rows`: how many it will have, where that is known. */
export async function beginExport(
  appId: string,
  body: NewExport,
  rows: number | null,
): Promise<void> {
  const { data } = await client.POST("/v1/apps/{appId}/exports", {
    params: { path: { appId } },
    body,
  });
  if (data !== undefined && rows !== null) queryClient.setQueryData(keyOf(data), rows);
  await refreshExports();
}

/** How many rows an export of this browser will have, as far as that was known. */
export const rowsOf = (one: ExportView) => queryClient.getQueryData<number>(keyOf(one)) ?? null;

const keyOf = ({ id }: ExportView) => ["rows of export", id];
