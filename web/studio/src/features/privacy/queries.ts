/** What Studio asks about what is kept of people. Of whom stands in no address. */

import { api, client, queryClient } from "../../api/client.ts";
import type { PersonExport, PersonQuery, PersonView } from "../../api/generated/schema.ts";
import { save } from "../../ui/download.ts";

/** Erasures that are shown. */
const SHOWN = 20;
const LOOK_EVERY_MS = 1_000;

const TYPES = { json: "application/json", csv: "text/csv", html: "text/html" };

export const useErasures = (appId: string) =>
  api.useQuery(
    "get",
    "/v1/apps/{appId}/erasures",
    { params: { path: { appId }, query: { limit: SHOWN } } },
    {
      refetchInterval: ({ state: { data } }) =>
        data?.items.some(({ state }) => state === "running") ? LOOK_EVERY_MS : false,
      staleTime: 0,
    },
  );

/** What goes next of each kind. */
export const useForecast = (appId: string) =>
  api.useQuery("get", "/v1/apps/{appId}/retention", { params: { path: { appId } } });

export const refreshForecast = () =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) => queryKey[1] === "/v1/apps/{appId}/retention",
  });

export async function findPerson(appId: string, body: PersonQuery): Promise<PersonView> {
  const { data } = await client.POST("/v1/apps/{appId}/people/search", {
    params: { path: { appId } },
    body,
  });
  if (data === undefined) throw new Error("the answer is empty");
  return data;
}

/** Gives the file to the person at this browser. */
export async function exportPerson(appId: string, body: PersonExport): Promise<void> {
  const { data } = await client.POST("/v1/apps/{appId}/people/export", {
    params: { path: { appId } },
    body,
    parseAs: "text",
  });
  save(`person.${body.format}`, TYPES[body.format], String(data ?? ""));
}

export async function erasePerson(appId: string, body: PersonQuery): Promise<void> {
  await client.POST("/v1/apps/{appId}/erasures", { params: { path: { appId } }, body });
  await queryClient.invalidateQueries({
    predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/v1/apps/{appId}"),
  });
}
