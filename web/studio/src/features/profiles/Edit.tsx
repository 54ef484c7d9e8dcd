/** One profile, or a new one. */

import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";

import { api, client } from "../../api/client.ts";
import type { ProfileView } from "../../api/generated/schema.ts";
import { EditorForm } from "../../editor/EditorForm.tsx";
import { plainPath } from "../../editor/paths.ts";
import { useEditor } from "../../editor/useEditor.ts";
import { versioned } from "../../editor/versioned.ts";
import { t } from "../../texts/index.ts";
import { DeleteNamed } from "../../ui/DeleteNamed.tsx";
import { Id } from "../../ui/Id.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Loaded, Loading } from "../../ui/states.tsx";
import { hoursPath } from "../hours/times.ts";
import { TestCallButton } from "../sessions/TestCallButton.tsx";
import { ChainPicture } from "./ChainPicture.tsx";
import { ProfileFields } from "./ProfileFields.tsx";
import { refreshProfiles, useProfiles } from "./queries.ts";
import { bodyOf, NEW_PROFILE, type ProfileValues, patchOf, valuesOf } from "./values.ts";

const Rehearsal = lazy(() => import("../rehearsals/Rehearsal.tsx"));

const route = "/frame/apps/$appId/profiles/$profileId";

export default function Edit() {
  const { appId, profileId } = useParams({ from: route });
  return profileId === "new" ? (
    <New appId={appId} />
  ) : (
    <Existing appId={appId} profileId={profileId} />
  );
}

const pathOf = (pointer: string) =>
  pointer.startsWith("/hours") ? hoursPath(pointer) : plainPath(pointer);

const NAMES = {
  name: t.profiles.name,
  to: t.profiles.to,
  trunkId: t.profiles.trunk,
  overflow: t.profiles.overflow,
  hours: t.hours.title,
  headers: t.profiles.headers,
  routingKeys: t.profiles.keys,
  callerName: t.profiles.callerName,
  ringTimeoutSeconds: t.profiles.ring,
};

function New({ appId }: { readonly appId: string }) {
  const navigate = useNavigate();
  const back = () => void navigate({ to: "/apps/$appId/profiles", params: { appId } });
  const editor = useEditor<ProfileValues>({
    id: `profile-new-${appId}`,
    value: NEW_PROFILE,
    load: null,
    save: async ({ values }) => {
      const body = bodyOf(values);
      await client.POST("/v1/apps/{appId}/destinations", { params: { path: { appId } }, body });
      await refreshProfiles();
    },
    pathOf,
  });
  return (
    <Screen title={t.profiles.createTitle} lead={t.profiles.lead}>
      <EditorForm
        editor={editor}
        scope="profiles:write"
        appId={appId}
        isNew
        act={t.profiles.create}
        onSaved={back}
        onCancel={back}
        names={NAMES}
      >
        <ProfileFields appId={appId} profileId={null} editor={editor} />
      </EditorForm>
    </Screen>
  );
}

interface ExistingProps {
  readonly appId: string;
  readonly profileId: string;
}

function Existing({ appId, profileId }: ExistingProps) {
  const path = { appId, destinationId: profileId };
  const profile = api.useQuery("get", "/v1/apps/{appId}/destinations/{destinationId}", {
    params: { path },
  });
  return (
    <Screen
      title={profile.data?.name ?? t.frame.pages.profiles}
      lead={<Id value={profileId} whole />}
      actions={
        <TestCallButton
          appId={appId}
          profileId={profileId}
          label={t.profiles.testCall}
          variant="default"
        />
      }
    >
      <Loaded query={profile} rows={8}>
        {(loaded) => <Form key={loaded.id} appId={appId} profile={loaded} />}
      </Loaded>
    </Screen>
  );
}

function Form({ appId, profile }: { readonly appId: string; readonly profile: ProfileView }) {
  const params = { path: { appId, destinationId: profile.id } };
  const editor = useEditor<ProfileValues>({
    id: `profile-${profile.id}`,
    value: valuesOf(profile),
    load: () =>
      versioned(
        client.GET("/v1/apps/{appId}/destinations/{destinationId}", {
          params,
        }),
        valuesOf,
      ),
    save: async ({ base, values, headers }) => {
      const body = patchOf(base, values);
      await client.PATCH("/v1/apps/{appId}/destinations/{destinationId}", {
        params,
        body,
        headers,
      });
      await refreshProfiles();
    },
    pathOf,
  });
  return (
    <>
      <EditorForm
        editor={editor}
        scope="profiles:write"
        appId={appId}
        names={NAMES}
        subject={{ appId, of: "profile", id: profile.id }}
      >
        <ProfileFields appId={appId} profileId={profile.id} editor={editor} />
      </EditorForm>
      <Routing appId={appId} profileId={profile.id} />
      <Suspense fallback={<Loading />}>
        <Rehearsal appId={appId} target={{ destinationId: profile.id }} />
      </Suspense>
      {!profile.isDefault && <Delete appId={appId} profile={profile} />}
    </>
  );
}

/** What would happen to a call that asks for this profile. */
function Routing({ appId, profileId }: ExistingProps) {
  const profiles = useProfiles(appId);
  const question = useSearch({ from: route });
  const navigate = useNavigate();
  return (
    <Section title={t.profiles.chain} lead={t.profiles.chainLead}>
      <Loaded query={profiles}>
        {({ items }) => (
          <ChainPicture
            appId={appId}
            profiles={items}
            question={question}
            from={profileId}
            onAsk={(search) =>
              void navigate({
                to: "/apps/$appId/profiles/$profileId",
                params: { appId, profileId },
                search,
                replace: true,
                resetScroll: false,
              })
            }
          />
        )}
      </Loaded>
    </Section>
  );
}

function Delete({ appId, profile }: { readonly appId: string; readonly profile: ProfileView }) {
  const navigate = useNavigate();
  return (
    <DeleteNamed
      name={profile.name}
      words={t.profiles}
      scope="profiles:write"
      appId={appId}
      remove={() =>
        client.DELETE("/v1/apps/{appId}/destinations/{destinationId}", {
          params: { path: { appId, destinationId: profile.id } },
        })
      }
      leave={() => navigate({ to: "/apps/$appId/profiles", params: { appId } })}
      refresh={refreshProfiles}
    />
  );
}
