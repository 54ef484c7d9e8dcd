/** What Studio asks about apps. */

import { api, client, queryClient } from "../../api/client.ts";
import type { AppSettings, AppView } from "../../api/generated/schema.ts";
import { revisionOf } from "../../api/revision.ts";
import type { Versioned } from "../../editor/useEditor.ts";

const one = (appId: string) => ({ params: { path: { appId } } });

export const useApps = () => api.useQuery("get", "/v1/apps");

export const useApp = (appId: string) => api.useQuery("get", "/v1/apps/{appId}", one(appId));

export const useWidgetKeys = (appId: string) =>
  api.useQuery("get", "/v1/apps/{appId}/widget-keys", one(appId));

/** What was last applied to the app from a file, and what differs from it. */
export const useAppliedFile = (appId: string) =>
  api.useQuery("get", "/v1/apps/{appId}/configuration", one(appId));
export const refreshKeys = () =>
  queryClient.invalidateQueries({ queryKey: ["get", "/v1/apps/{appId}/widget-keys"] });

/** Some of an app's settings as the server has them now. */
export async function loadSettings<V>(
  appId: string,
  pick: (app: AppView) => V,
): Promise<Versioned<V>> {
  const { data, response } = await client.GET("/v1/apps/{appId}", one(appId));
  if (data === undefined) throw new Error("the answer is empty");
  return { value: pick(data), version: revisionOf(response) };
}

export async function saveSettings(
  appId: string,
  body: Partial<AppSettings>,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  await client.PATCH("/v1/apps/{appId}", { ...one(appId), body, headers });
  await refreshApps();
}

export const refreshApps = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) =>
      queryKey[0] === "progress" ||
      (typeof queryKey[1] === "string" && queryKey[1].startsWith("/v1/apps")),
  });
