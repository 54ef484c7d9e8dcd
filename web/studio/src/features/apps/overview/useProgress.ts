/** How far an app is set up: looked up in what is there, never ticked off. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../../../api/client.ts";
import type { AppView } from "../../../api/generated/schema.ts";
import type { t } from "../../../texts/index.ts";

export type Step = keyof typeof t.apps.started.steps;

export type Progress = readonly (readonly [step: Step, done: boolean])[];

/** Events of visitors among these, to find one that was no test. */
const LOOK_AT = 100;

export function useProgress(app: AppView) {
  return useQuery({
    queryKey: ["progress", app.id, app.updatedAt],
    queryFn: () => look(app),
    refetchInterval: 15_000,
  });
}

async function look(app: AppView): Promise<Progress> {
  const path = { appId: app.id };
  const [calls, seen, profiles, answered, owners] = await Promise.all([
    client.GET("/v1/apps/{appId}/calls", { params: { path, query: { limit: 1 } } }),
    client.GET("/v1/apps/{appId}/events", {
      params: { path, query: { name: "widget_loaded", limit: LOOK_AT } },
    }),
    client.GET("/v1/apps/{appId}/destinations", { params: { path } }),
    hasAnswered(app.id),
    countOwners(),
  ]);
  const all = profiles.data?.items ?? [];
  return [
    ["call", (calls.data?.items.length ?? 0) > 0],
    ["seen", seen.data?.items.some((event) => !event.preview) ?? false],
    ["destination", all.some((profile) => profile.isDefault && profile.kind !== "demo")],
    ["hours", app.hours != null || all.some((profile) => profile.hours != null)],
    ["answered", answered],
    ...(owners === null ? [] : [["owner", owners > 1] as const]),
  ];
}

async function hasAnswered(appId: string): Promise<boolean> {
  const { data } = await client.GET("/v1/apps/{appId}/integrations", {
    params: { path: { appId } },
  });
  const answers = await Promise.all(
    (data?.items ?? []).map((integration) =>
      client.GET("/v1/apps/{appId}/integrations/{integrationId}/deliveries", {
        params: {
          path: { appId, integrationId: integration.id },
          query: { status: ["delivered"], limit: 1 },
        },
      }),
    ),
  );
  return answers.some((answer) => (answer.data?.items.length ?? 0) > 0);
}

/** null for those who may not see the members. */
async function countOwners(): Promise<number | null> {
  const answer = await client.GET("/v1/members").catch(() => null);
  return answer?.data?.items.filter((member) => member.role === "owner").length ?? null;
}
