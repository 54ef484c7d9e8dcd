/** What the designer asks the server. */

import { api, client, queryClient } from "../../api/client.ts";
import { revisionOf } from "../../api/revision.ts";
import { type Design, opened } from "./core/document.ts";
import type { Saved } from "./session/session.ts";

const one = (appId: string) => ({ params: { path: { appId } } });

/** A document as it came: the schema says of it only that it is an object. */
const asDesign = (document: unknown): Design => opened(document as Design);

export async function loadDraft(appId: string): Promise<Saved> {
  const { data, response } = await client.GET("/v1/apps/{appId}/design/draft", one(appId));
  return { document: asDesign(data), revision: revisionOf(response) ?? "*" };
}

export async function saveDraft(
  appId: string,
  document: Design,
  revision: string,
  options: { readonly keepalive?: boolean } = {},
): Promise<Saved> {
  const { data, response } = await client.PUT("/v1/apps/{appId}/design/draft", {
    params: { path: { appId }, header: { "If-Match": revision } },
    body: document as unknown as Record<string, unknown>,
    ...options,
  });
  return { document: asDesign(data), revision: revisionOf(response) ?? "*" };
}

export const useVersions = (appId: string) =>
  api.useQuery("get", "/v1/apps/{appId}/design/versions", one(appId));

export async function readVersion(appId: string, version: number): Promise<Design> {
  const { data } = await client.GET("/v1/apps/{appId}/design/versions/{version}", {
    params: { path: { appId, version } },
  });
  return asDesign(data?.document);
}

/** What visitors see now; null: nothing was published. */
export async function readPublished(appId: string): Promise<Design | null> {
  const { data } = await client.GET("/v1/apps/{appId}/design/versions", {
    params: { path: { appId }, query: { limit: 1 } },
  });
  const newest = data?.items[0];
  return newest === undefined ? null : readVersion(appId, newest.version);
}

export const useSchedule = (appId: string) =>
  api.useQuery("get", "/v1/apps/{appId}/design/schedule", one(appId));

export const refreshVersions = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) =>
      queryKey[0] === "design" ||
      (typeof queryKey[1] === "string" && queryKey[1].includes("/design/")),
  });
