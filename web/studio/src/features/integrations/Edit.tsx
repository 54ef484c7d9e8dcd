/** One integration, or a new one. */

import { Button, Group, Stack, Tabs, Text } from "@mantine/core";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";

import { api, client } from "../../api/client.ts";
import type { IntegrationView, PresetView } from "../../api/generated/schema.ts";
import { EditorForm } from "../../editor/EditorForm.tsx";
import { plainPath } from "../../editor/paths.ts";
import { useEditor } from "../../editor/useEditor.ts";
import { versioned } from "../../editor/versioned.ts";
import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { DeleteNamed } from "../../ui/DeleteNamed.tsx";
import { Modal } from "../../ui/dialogs.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Loaded, Loading, Nothing } from "../../ui/states.tsx";
import { HealthNow } from "./HealthNow.tsx";
import { MovedSecrets, PayloadFields, SettingsFields } from "./IntegrationFields.tsx";
import { refreshIntegrations, usePresets } from "./queries.ts";
import { Secrets } from "./Secrets.tsx";
import { Signing } from "./Signing.tsx";
import { TestButton } from "./TestButton.tsx";
import { Verify } from "./Verify.tsx";
import {
  bodyOf,
  filled,
  type IntegrationValues,
  newIntegration,
  patchOf,
  valuesOf,
} from "./values.ts";

const Rehearsal = lazy(() => import("../rehearsals/Rehearsal.tsx"));

const route = "/frame/apps/$appId/integrations/$integrationId";

/** `/payload/template` and `/secrets/token` are fields of their own in the form. */
const pathOf = (pointer: string) => {
  const path = plainPath(pointer);
  return path.startsWith("payload.") ? path.slice("payload.".length) : path;
};

export default function Edit() {
  const { appId, integrationId } = useParams({ from: route });
  const { preset } = useSearch({ from: route });
  const presets = usePresets();
  if (integrationId !== "new") return <Existing appId={appId} integrationId={integrationId} />;
  return (
    <Loaded query={presets} rows={8}>
      {({ items }) => <New appId={appId} preset={items.find((one) => one.preset === preset)} />}
    </Loaded>
  );
}

function New({
  appId,
  preset,
}: {
  readonly appId: string;
  readonly preset: PresetView | undefined;
}) {
  const navigate = useNavigate();
  const [created, setCreated] = useState<{ id: string; secret: string } | null>(null);
  const editor = useEditor<IntegrationValues>({
    id: `integration-new-${appId}-${preset?.preset ?? "raw"}`,
    value: newIntegration(preset),
    load: null,
    save: async ({ values }) => {
      const secrets = filled(values.secrets);
      const { data } = await client.POST("/v1/apps/{appId}/integrations", {
        params: { path: { appId } },
        body: { ...bodyOf(values), secrets },
      });
      if (data !== undefined) setCreated({ id: data.id, secret: data.signingSecret });
      await refreshIntegrations();
    },
    secrets: ["secrets"],
    pathOf,
  });
  const words = t.integrations;
  return (
    <Screen title={words.create} lead={preset?.description ?? words.lead}>
      <EditorForm
        editor={editor}
        scope="integrations:write"
        appId={appId}
        isNew
        act={words.create}
        onCancel={() => void navigate({ to: "/apps/$appId/integrations", params: { appId } })}
      >
        <SettingsFields appId={appId} editor={editor} secretHints={preset?.secrets ?? {}} isNew />
        <PayloadFields editor={editor} />
      </EditorForm>
      {created !== null && (
        <Modal opened onClose={open} title={words.signing.created} withCloseButton={false}>
          <Stack>
            <Text>{words.signing.createdLead}</Text>
            <Code text={created.secret} label={words.signing.secret} />
            <Group justify="flex-end">
              <Button onClick={open} data-autofocus>
                {words.signing.goOn}
              </Button>
            </Group>
          </Stack>
        </Modal>
      )}
    </Screen>
  );

  function open(): void {
    if (created === null) return;
    void navigate({
      to: "/apps/$appId/integrations/$integrationId",
      params: { appId, integrationId: created.id },
      search: { tab: "verify" },
    });
  }
}

interface ExistingProps {
  readonly appId: string;
  readonly integrationId: string;
}

function Existing({ appId, integrationId }: ExistingProps) {
  const integration = api.useQuery("get", "/v1/apps/{appId}/integrations/{integrationId}", {
    params: { path: { appId, integrationId } },
  });
  return (
    <Screen
      title={integration.data?.name ?? t.integrations.title}
      lead={integration.data && <span className="mono foreign">{integration.data.url}</span>}
      actions={
        integration.data && (
          <TestButton
            appId={appId}
            integrationId={integrationId}
            events={integration.data.events ?? []}
          />
        )
      }
    >
      <Loaded query={integration} rows={8}>
        {(loaded) => (
          <>
            <HealthNow appId={appId} integration={loaded} />
            <Parts key={loaded.id} appId={appId} integration={loaded} />
          </>
        )}
      </Loaded>
    </Screen>
  );
}

const TABS = ["settings", "payload", "secrets", "signing", "verify", "rehearsal"] as const;

function Parts({
  appId,
  integration,
}: {
  readonly appId: string;
  readonly integration: IntegrationView;
}) {
  const { tab = "settings" } = useSearch({ from: route });
  const navigate = useNavigate();
  const params = { path: { appId, integrationId: integration.id } };
  const editor = useEditor<IntegrationValues>({
    id: `integration-${integration.id}`,
    value: valuesOf(integration),
    load: () =>
      versioned(
        client.GET("/v1/apps/{appId}/integrations/{integrationId}", {
          params,
        }),
        valuesOf,
      ),
    save: async ({ base, values, headers }) => {
      const body = patchOf(base, values);
      await client.PATCH("/v1/apps/{appId}/integrations/{integrationId}", {
        params,
        body,
        headers,
      });
      await refreshIntegrations();
    },
    secrets: ["secrets"],
    pathOf,
  });
  const choose = (value: string | null) =>
    void navigate({
      to: "/apps/$appId/integrations/$integrationId",
      params: { appId, integrationId: integration.id },
      search: { tab: TABS.find((one) => one === value && one !== "settings") },
      replace: true,
      resetScroll: false,
    });
  const ids = { appId, integrationId: integration.id };
  return (
    <Tabs value={tab} onChange={choose}>
      <Tabs.List mb="md">
        {TABS.map((one) => (
          <Tabs.Tab key={one} value={one}>
            {t.integrations.tabs[one]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {/* Settings and payload are one form: what is typed in one is kept while the other is looked at. */}
      <EditorForm
        editor={editor}
        scope="integrations:write"
        appId={appId}
        subject={{ appId, of: "integration", id: integration.id }}
      >
        <MovedSecrets editor={editor} before={integration.url} />
        <Tabs.Panel value="settings">
          <Stack gap="md">
            <SettingsFields appId={appId} editor={editor} secretHints={{}} isNew={false} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="payload">
          <PayloadFields editor={editor} />
        </Tabs.Panel>
      </EditorForm>
      {tab === "settings" && <Delete {...ids} name={integration.name} />}
      {tab === "secrets" && <Secrets {...ids} />}
      {tab === "signing" && <Signing {...ids} integration={integration} />}
      {tab === "verify" && <Verify />}
      {tab === "rehearsal" && (
        <Suspense fallback={<Loading />}>
          <Rehearsal
            appId={appId}
            target={{ integrationId: integration.id }}
            obstacle={getsPreviews(integration) ? undefined : <NoPreviews toSettings={choose} />}
          />
        </Suspense>
      )}
    </Tabs>
  );
}

const getsPreviews = ({ active, includePreviews, events }: IntegrationView) =>
  active !== false && includePreviews === true && (events ?? []).length > 0;

function NoPreviews({ toSettings }: { readonly toSettings: (tab: string) => void }) {
  const words = t.rehearsals;
  return (
    <Nothing
      title={words.noPreviews}
      act={<Button onClick={() => toSettings("settings")}>{words.toSettings}</Button>}
    >
      {words.noPreviewsLead}
    </Nothing>
  );
}

function Delete({ appId, integrationId, name }: ExistingProps & { readonly name: string }) {
  const navigate = useNavigate();
  return (
    <Stack mt="md">
      <DeleteNamed
        name={name}
        words={t.integrations}
        scope="integrations:write"
        appId={appId}
        isTyped
        remove={() =>
          client.DELETE("/v1/apps/{appId}/integrations/{integrationId}", {
            params: { path: { appId, integrationId } },
          })
        }
        leave={() => navigate({ to: "/apps/$appId/integrations", params: { appId } })}
        refresh={refreshIntegrations}
      />
    </Stack>
  );
}
