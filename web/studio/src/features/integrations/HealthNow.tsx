/** How an integration does right now: breaker and backlog, live. */

import { Button, Group, Text } from "@mantine/core";

import { api } from "../../api/client.ts";
import type { IntegrationView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { ButtonLink } from "../../ui/links.tsx";
import { done, failed } from "../../ui/notify.ts";
import { Status } from "../../ui/Status.tsx";
import { ago } from "../../ui/time.ts";
import { Permitted } from "../people/Permitted.tsx";
import { refreshIntegrations } from "./queries.ts";
import { inWords } from "./useHealth.ts";

interface HealthNowProps {
  readonly appId: string;
  readonly integration: IntegrationView;
}

export function HealthNow({ appId, integration }: HealthNowProps) {
  const params = { path: { appId, integrationId: integration.id } };
  const health = api.useQuery(
    "get",
    "/v1/apps/{appId}/integrations/{integrationId}/health",
    { params },
    { refetchInterval: 2_000 },
  );
  const reset = api.useMutation(
    "post",
    "/v1/apps/{appId}/integrations/{integrationId}/breaker/reset",
    {
      onSuccess: async () => {
        await refreshIntegrations();
        done(t.integrations.health.resetDone);
      },
      onError: failed,
    },
  );
  const now = health.data;
  const { tone, words: state } = inWords(integration, now);
  const words = t.integrations.health;
  const { breaker } = now ?? {};
  const isHeldBack = breaker != null && breaker.state !== "closed";
  const facts = [
    now === undefined ? null : words.waiting(now.waiting),
    now?.waitingSince == null ? null : words.since(ago(now.waitingSince)),
    now === undefined || now.inFlight === 0 ? null : words.inFlight(now.inFlight),
    breaker?.failingSince == null ? null : words.failingSince(ago(breaker.failingSince)),
    breaker?.nextProbe == null ? null : words.nextProbe(ago(breaker.nextProbe)),
  ].filter((fact) => fact !== null);
  return (
    <div className="surface">
      <Group justify="space-between" px="lg" py="sm" gap="xs">
        <div aria-live="polite">
          <Text fw={600}>
            <Status tone={tone}>{state}</Status>
          </Text>
          <Text size="sm" c="dimmed">
            {facts.join(" · ") || " "}
          </Text>
        </div>
        <Group gap="xs">
          {isHeldBack && (
            <Permitted scope="deliveries:write" appId={appId}>
              <Button onClick={() => reset.mutate({ params })} loading={reset.isPending}>
                {words.reset}
              </Button>
            </Permitted>
          )}
          <ButtonLink
            to="/apps/$appId/deliveries"
            params={{ appId }}
            search={{ integration: integration.id }}
            variant="default"
          >
            {words.log}
          </ButtonLink>
        </Group>
      </Group>
    </div>
  );
}
