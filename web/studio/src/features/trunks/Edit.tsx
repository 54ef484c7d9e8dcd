/** One trunk, or a new one. */

import { Alert } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { api, client } from "../../api/client.ts";
import type { TrunkView } from "../../api/generated/schema.ts";
import { EditorForm } from "../../editor/EditorForm.tsx";
import { changed } from "../../editor/merge.ts";
import { useEditor } from "../../editor/useEditor.ts";
import { versioned } from "../../editor/versioned.ts";
import { t } from "../../texts/index.ts";
import { DeleteNamed } from "../../ui/DeleteNamed.tsx";
import { Facts } from "../../ui/Facts.tsx";
import { Id } from "../../ui/Id.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { Loaded } from "../../ui/states.tsx";
import { useProfiles } from "../profiles/queries.ts";
import { TestCallButton } from "../sessions/TestCallButton.tsx";
import { refreshTrunks } from "./queries.ts";
import { trunkTone, trunkWords } from "./status.ts";
import { TrunkFields } from "./TrunkFields.tsx";
import { bodyOf, newTrunk, type TrunkValues, valuesOf } from "./values.ts";

const route = "/frame/apps/$appId/trunks/$trunkId";

export default function Edit() {
  const { appId, trunkId } = useParams({ from: route });
  return trunkId === "new" ? <New appId={appId} /> : <Existing appId={appId} trunkId={trunkId} />;
}

function New({ appId }: { readonly appId: string }) {
  const { system } = useSearch({ from: route });
  const navigate = useNavigate();
  const back = () => void navigate({ to: "/apps/$appId/trunks", params: { appId } });
  const editor = useEditor<TrunkValues>({
    id: `trunk-new-${system ?? "other"}`,
    value: newTrunk(system),
    load: null,
    save: async ({ values }) => {
      await client.POST("/v1/trunks", { body: bodyOf(values) });
      await refreshTrunks();
    },
    secrets: ["password"],
  });
  const hint = t.trunks.hints[system ?? ""];
  return (
    <Screen title={t.trunks.create} lead={t.trunks.systems[system ?? "other"]?.[1]}>
      {hint !== undefined && (
        <Alert icon={<IconInfoCircle size={18} />} color="teal">
          {hint}
        </Alert>
      )}
      <EditorForm
        editor={editor}
        scope="trunks:write"
        isNew
        act={t.trunks.create}
        onSaved={back}
        onCancel={back}
      >
        <TrunkFields editor={editor} hasPassword={false} />
      </EditorForm>
    </Screen>
  );
}

function Existing({ appId, trunkId }: { readonly appId: string; readonly trunkId: string }) {
  const trunk = api.useQuery(
    "get",
    "/v1/trunks/{trunkId}",
    { params: { path: { trunkId } } },
    { refetchInterval: 4_000 },
  );
  return (
    <Screen title={trunk.data?.name ?? t.trunks.title} lead={<Id value={trunkId} whole />}>
      <Loaded query={trunk} rows={8}>
        {(loaded) => (
          <>
            <Now appId={appId} trunk={loaded} />
            <Form key={loaded.id} trunk={loaded} />
            <Delete appId={appId} trunk={loaded} />
          </>
        )}
      </Loaded>
    </Screen>
  );
}

function Now({ appId, trunk }: { readonly appId: string; readonly trunk: TrunkView }) {
  const words = t.trunks;
  const profiles = useProfiles(appId).data?.items.filter((one) => one.trunkId === trunk.id) ?? [];
  const [first] = profiles;
  return (
    <Section
      title={words.now}
      actions={
        first !== undefined && (
          <TestCallButton appId={appId} profileId={first.id} label={words.test} variant="default" />
        )
      }
    >
      <Facts
        of={[
          [
            words.now,
            <Status key="now" tone={trunkTone(trunk)}>
              {trunkWords(trunk)}
            </Status>,
          ],
          [
            t.calls.one.roundTrip,
            trunk.status?.roundTripMs == null ? null : words.roundTrip(trunk.status.roundTripMs),
          ],
          [words.lastError, trunk.status?.lastError],
          [
            t.frame.pages.profiles,
            first === undefined ? words.noProfile : words.usedBy(profiles.length),
          ],
        ]}
      />
    </Section>
  );
}

function Form({ trunk }: { readonly trunk: TrunkView }) {
  const params = { path: { trunkId: trunk.id } };
  const editor = useEditor<TrunkValues>({
    id: `trunk-${trunk.id}`,
    value: valuesOf(trunk),
    load: () => versioned(client.GET("/v1/trunks/{trunkId}", { params }), valuesOf),
    save: async ({ base, values, headers }) => {
      const body = changed(bodyOf(base), bodyOf(values));
      await client.PATCH("/v1/trunks/{trunkId}", { params, body, headers });
      await refreshTrunks();
    },
    secrets: ["password"],
  });
  return (
    <EditorForm
      editor={editor}
      scope="trunks:write"
      subject={{ act: "trunk_updated", id: trunk.id }}
    >
      <TrunkFields editor={editor} hasPassword={trunk.hasPassword} />
    </EditorForm>
  );
}

function Delete({ appId, trunk }: { readonly appId: string; readonly trunk: TrunkView }) {
  const navigate = useNavigate();
  return (
    <DeleteNamed
      name={trunk.name}
      words={t.trunks}
      scope="trunks:write"
      isTyped
      remove={() =>
        client.DELETE("/v1/trunks/{trunkId}", { params: { path: { trunkId: trunk.id } } })
      }
      leave={() => navigate({ to: "/apps/$appId/trunks", params: { appId } })}
      refresh={refreshTrunks}
    />
  );
}
