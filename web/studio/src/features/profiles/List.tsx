/** An app's profiles, and what would happen to a call. */

import { Badge, Group } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";

import type { ProfileView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Id } from "../../ui/Id.tsx";
import { ButtonLink } from "../../ui/links.tsx";
import { DataTable } from "../../ui/list/DataTable.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Loaded } from "../../ui/states.tsx";
import ui from "../../ui/ui.module.css";
import { Permitted } from "../people/Permitted.tsx";
import { ChainPicture } from "./ChainPicture.tsx";
import { useProfiles } from "./queries.ts";

const route = "/frame/apps/$appId/profiles";

export default function List() {
  const { appId } = useParams({ from: route });
  const question = useSearch({ from: route });
  const navigate = useNavigate();
  const profiles = useProfiles(appId);
  const words = t.profiles;
  const open = (profileId: string) =>
    void navigate({ to: "/apps/$appId/profiles/$profileId", params: { appId, profileId } });
  return (
    <Screen
      title={words.title}
      lead={words.lead}
      actions={
        <Permitted scope="profiles:write" appId={appId}>
          <ButtonLink
            to="/apps/$appId/profiles/$profileId"
            params={{ appId, profileId: "new" }}
            leftSection={<IconPlus size={16} />}
          >
            {words.create}
          </ButtonLink>
        </Permitted>
      }
    >
      <Loaded query={profiles} rows={6}>
        {({ items }) => (
          <>
            <Section title={words.all} flush>
              <DataTable
                label={words.all}
                rows={items}
                rowKey={(profile) => profile.id}
                onOpen={(profile) => open(profile.id)}
                columns={[
                  {
                    id: "name",
                    header: words.name,
                    title: true,
                    cell: (profile) => <Name appId={appId} profile={profile} />,
                  },
                  {
                    id: "to",
                    header: words.to,
                    cell: (profile) =>
                      profile.kind === "demo" ? words.callsDemo : <code>{profile.to}</code>,
                  },
                  {
                    id: "overflow",
                    header: words.overflow,
                    cell: (profile) =>
                      items.find((other) => other.id === profile.overflow)?.name ??
                      words.noOverflow,
                  },
                  {
                    id: "hours",
                    header: t.hours.title,
                    cell: (profile) => (profile.hours == null ? null : words.hoursOwn),
                  },
                  {
                    id: "id",
                    header: t.calls.one.id,
                    cell: (profile) => <Id value={profile.id} />,
                    end: true,
                  },
                ]}
              />
            </Section>
            <Section title={words.chain} lead={words.chainLead}>
              <ChainPicture
                appId={appId}
                profiles={items}
                question={question}
                onAsk={(search) =>
                  void navigate({
                    to: "/apps/$appId/profiles",
                    params: { appId },
                    search,
                    replace: true,
                    resetScroll: false,
                  })
                }
              />
            </Section>
          </>
        )}
      </Loaded>
    </Screen>
  );
}

function Name({ appId, profile }: { readonly appId: string; readonly profile: ProfileView }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <Link
        to="/apps/$appId/profiles/$profileId"
        params={{ appId, profileId: profile.id }}
        className={`${ui.rowLink} one-line`}
      >
        {profile.name}
      </Link>
      {profile.isDefault && (
        <Badge size="sm" variant="light">
          {t.profiles.default}
        </Badge>
      )}
    </Group>
  );
}
