/** By what requests are signed, and how that is changed without losing one. */

import { Button, Checkbox, Group, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";

import { api, client, queryClient } from "../../api/client.ts";
import type { IntegrationView, SigningView } from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { Modal } from "../../ui/dialogs.tsx";
import { failed } from "../../ui/notify.ts";
import { Section } from "../../ui/Section.tsx";
import { Loaded } from "../../ui/states.tsx";
import { shortTime } from "../../ui/time.ts";
import { useRefusal } from "../../ui/useRefusal.ts";
import { Permitted, useForbidden } from "../people/Permitted.tsx";
import { refreshIntegrations } from "./queries.ts";
import { Reveal } from "./Reveal.tsx";

interface SigningProps {
  readonly appId: string;
  readonly integrationId: string;
  readonly integration: IntegrationView;
}

const SECRET = "/v1/apps/{appId}/integrations/{integrationId}/signing-secret";

export function Signing({ appId, integrationId, integration }: SigningProps) {
  const params = { path: { appId, integrationId } };
  const signing = api.useQuery("get", SECRET, { params });
  const [open, setOpen] = useState<"reveal" | "rotate" | null>(null);
  const change = api.useMutation("patch", "/v1/apps/{appId}/integrations/{integrationId}", {
    onSuccess: async () => {
      await Promise.all([refreshIntegrations(), refresh()]);
    },
    onError: failed,
  });
  const forbidden = useForbidden("integrations:write", appId);
  const words = t.integrations.signing;
  const signatures = integration.signatures ?? ["v1"];
  return (
    <Section
      title={t.integrations.tabs.signing}
      lead={words.lead}
      actions={
        <>
          <Permitted scope="secrets:read" appId={appId}>
            <Button variant="default" onClick={() => setOpen("reveal")}>
              {words.reveal}
            </Button>
          </Permitted>
          <Permitted scope="secrets:write" appId={appId}>
            <Button variant="default" onClick={() => setOpen("rotate")}>
              {words.rotate}
            </Button>
          </Permitted>
        </>
      }
    >
      <Stack>
        <Stack gap="xs" role="group" aria-label={words.schemes}>
          <Checkbox label={words.v1} checked={signatures.includes("v1")} disabled readOnly />
          <Checkbox
            label={words.v1a}
            checked={signatures.includes("v1a")}
            description={forbidden}
            disabled={change.isPending || forbidden !== null}
            onChange={(event) =>
              change.mutate({
                params,
                body: { signatures: event.currentTarget.checked ? ["v1", "v1a"] : ["v1"] },
              })
            }
          />
        </Stack>
        <Loaded query={signing} rows={2}>
          {(view) => <Keys view={view} />}
        </Loaded>
      </Stack>
      {open === "reveal" && (
        <Reveal
          title={words.secret}
          lead={t.integrations.secrets.revealLead}
          onClose={() => setOpen(null)}
          read={async () => (await client.POST(`${SECRET}/reveal`, { params })).data?.value ?? ""}
        />
      )}
      {open === "rotate" && <Rotate params={params} onClose={() => setOpen(null)} />}
    </Section>
  );
}

const refresh = () => queryClient.invalidateQueries({ queryKey: ["get", SECRET] });

function Keys({ view }: { readonly view: SigningView }) {
  const words = t.integrations.signing;
  return (
    <>
      {view.publicKey != null && (
        <div>
          <Text fw={500} size="sm" mb={4}>
            {words.publicKey}
          </Text>
          <Code text={view.publicKey} label={words.publicKey} />
        </div>
      )}
      {view.retired.length > 0 && (
        <div>
          <Text fw={500} size="sm" mb={4}>
            {words.retired}
          </Text>
          {view.retired.map((one) => (
            <Text key={`${one.scheme}-${one.expiresAt}`} size="sm">
              <code>{one.scheme}</code> {words.until(shortTime(one.expiresAt))}
            </Text>
          ))}
        </div>
      )}
    </>
  );
}

interface RotateProps {
  readonly params: { readonly path: { readonly appId: string; readonly integrationId: string } };
  readonly onClose: () => void;
}

function Rotate({ params, onClose }: RotateProps) {
  const words = t.integrations.signing;
  const [overlap, setOverlap] = useState("86400");
  const [secret, setSecret] = useState<string | null>(null);
  const [error, setError] = useRefusal(overlap);
  const [busy, setBusy] = useState(false);
  const rotate = async () => {
    setBusy(true);
    try {
      const { data } = await client.POST(`${SECRET}/rotate`, {
        params,
        body: { overlapSeconds: Number(overlap) },
      });
      setSecret(data?.signingSecret ?? "");
      await refresh();
    } catch (caught) {
      setError(asProblem(caught).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={secret === null ? words.rotateTitle : words.rotated}>
      <Stack>
        <Text>{secret === null ? words.rotateLead : words.rotatedLead}</Text>
        {secret === null ? (
          <Select
            label={words.overlap}
            allowDeselect={false}
            data={Object.entries(words.overlaps).map(([value, label]) => ({ value, label }))}
            value={overlap}
            onChange={(value) => setOverlap(value ?? "86400")}
            error={error}
          />
        ) : (
          <Code text={secret} label={words.secret} />
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {secret === null ? t.ui.cancel : t.ui.close}
          </Button>
          {secret === null && (
            <Button loading={busy} onClick={() => void rotate()}>
              {words.rotate}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
