/** How all integrations of an app do, in a word each. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../../api/client.ts";
import type { IntegrationHealth, IntegrationView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import type { Tone } from "../../ui/Status.tsx";

export interface Health {
  readonly integration: IntegrationView;
  readonly name: string;
  readonly now: IntegrationHealth | undefined;
  readonly tone: Tone;
  readonly words: string;
}

export function useHealth(appId: string) {
  return useQuery({
    queryKey: ["health", appId],
    queryFn: () => readHealth(appId),
    refetchInterval: 8_000,
  });
}

async function readHealth(appId: string): Promise<readonly Health[]> {
  const { data } = await client.GET("/v1/apps/{appId}/integrations", {
    params: { path: { appId } },
  });
  return Promise.all(
    (data?.items ?? []).map(async (integration) => {
      // Of one that can't be read nothing is known; that is no reason to say nothing of the others.
      const now = await client
        .GET("/v1/apps/{appId}/integrations/{integrationId}/health", {
          params: { path: { appId, integrationId: integration.id } },
        })
        .then(({ data: read }) => read)
        .catch(() => undefined);
      return { integration, name: integration.name, now, ...inWords(integration, now) };
    }),
  );
}

export function inWords(
  integration: IntegrationView,
  now: IntegrationHealth | undefined,
): { readonly tone: Tone; readonly words: string } {
  const words = t.integrations.health;
  if (integration.disabledReason != null) {
    return { tone: "bad", words: words.disabled[integration.disabledReason] };
  }
  if (integration.active === false) return { tone: "none", words: words.inactive };
  if (now === undefined) return { tone: "none", words: words.unknown };
  switch (now.breaker?.state) {
    case "open":
      return { tone: "bad", words: words.open };
    case "half_open":
      return { tone: "warn", words: words.halfOpen };
    default:
      return { tone: "good", words: words.working };
  }
}
