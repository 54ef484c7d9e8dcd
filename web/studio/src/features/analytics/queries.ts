/** What Studio asks about analytics. */

import { keepPreviousData } from "@tanstack/react-query";

import { api, serverUrl } from "../../api/client.ts";
import type { Asked, Dimension, Step } from "./search.ts";

/** How often figures are asked for again: they are counted every few seconds. */
const OFTEN = { refetchInterval: 30_000, placeholderData: keepPreviousData } as const;

export const useSummary = (appId: string, query: Asked) =>
  api.useQuery("get", "/v1/apps/{appId}/analytics", { params: { path: { appId }, query } }, OFTEN);

export const useSeries = (appId: string, asked: Asked, step: Step) =>
  api.useQuery(
    "get",
    "/v1/apps/{appId}/analytics/series",
    { params: { path: { appId }, query: { ...asked, step } } },
    OFTEN,
  );

export const useBreakdown = (appId: string, asked: Asked, by: Dimension) =>
  api.useQuery(
    "get",
    "/v1/apps/{appId}/analytics/breakdown",
    { params: { path: { appId }, query: { ...asked, by } } },
    OFTEN,
  );

export const useHeatMap = (appId: string, query: Asked) =>
  api.useQuery(
    "get",
    "/v1/apps/{appId}/analytics/heat-map",
    { params: { path: { appId }, query } },
    OFTEN,
  );

export const useMarks = (appId: string, { from, to }: Asked) =>
  api.useQuery("get", "/v1/apps/{appId}/analytics/marks", {
    params: { path: { appId }, query: { from, to } },
  });

/** Where a table can be had as a file. */
export function csvAddress(
  appId: string,
  what: "series" | "breakdown",
  query: Asked & { readonly step?: Step; readonly by?: Dimension },
): string {
  const address = new URL(`v1/apps/${appId}/analytics/${what}.csv`, serverUrl);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) address.searchParams.set(name, value);
  }
  return address.href;
}
