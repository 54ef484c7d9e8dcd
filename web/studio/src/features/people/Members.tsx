/** Who can sign in, and who is invited. */

import { Badge, Button, Group, Text } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { api, client } from "../../api/client.ts";
import type { InvitationView, MemberView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Confirm } from "../../ui/Confirm.tsx";
import { ButtonLink } from "../../ui/links.tsx";
import { DataTable } from "../../ui/list/DataTable.tsx";
import { done, failed } from "../../ui/notify.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Loaded } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { useNew } from "../../ui/useNew.ts";
import { useApps } from "../apps/queries.ts";
import { ChangeRole, Invite } from "./MemberDialogs.tsx";
import { Permitted } from "./Permitted.tsx";
import { refreshPeople, useMe, useMembers } from "./queries.ts";
import { leave } from "./sign-in/seat.ts";

interface Open {
  readonly kind: "change" | "remove";
  readonly member: MemberView;
}

export default function Members() {
  const members = useMembers();
  const me = useMe().data;
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const invitation = useNew();
  const words = t.people.members;
  return (
    <Screen
      title={words.title}
      lead={words.lead}
      actions={
        <>
          <Permitted scope="sign-in:write">
            <ButtonLink to="/members/sign-in" variant="default">
              {t.people.rules.title}
            </ButtonLink>
          </Permitted>
          <Permitted scope="members:write">
            <Button leftSection={<IconUserPlus size={16} />} onClick={invitation.open}>
              {words.invite}
            </Button>
          </Permitted>
        </>
      }
    >
      <Loaded query={members}>
        {({ items }) => (
          <div className="surface">
            <DataTable<MemberView>
              label={words.title}
              rows={items}
              rowKey={(member) => member.id}
              columns={[
                {
                  id: "name",
                  header: t.people.name,
                  title: true,
                  cell: (member) => <Who member={member} isMe={member.id === me?.id} />,
                },
                {
                  id: "role",
                  header: t.people.role,
                  cell: (member) => t.people.roles[member.role][0],
                },
                {
                  id: "apps",
                  header: t.people.apps,
                  cell: (member) => <AppNames ids={member.apps} />,
                },
                {
                  id: "seen",
                  header: words.lastSeen,
                  cell: (member) =>
                    member.lastSeenAt == null ? (
                      words.never
                    ) : (
                      <Time value={member.lastSeenAt} relative />
                    ),
                },
                {
                  id: "acts",
                  header: "",
                  end: true,
                  cell: (member) => (
                    <Group gap="xs" justify="flex-end" wrap="nowrap">
                      <Button
                        size="compact-sm"
                        variant="default"
                        aria-label={`${words.change}: ${member.name}`}
                        onClick={() => setOpen({ kind: "change", member })}
                      >
                        {words.change}
                      </Button>
                      <Button
                        size="compact-sm"
                        variant="default"
                        aria-label={`${member.id === me?.id ? words.leave : words.remove}: ${member.name}`}
                        onClick={() => setOpen({ kind: "remove", member })}
                      >
                        {member.id === me?.id ? words.leave : words.remove}
                      </Button>
                    </Group>
                  ),
                },
              ]}
            />
          </div>
        )}
      </Loaded>
      <Invitations />
      {invitation.isOpen && <Invite most={me?.role ?? "viewer"} onClose={invitation.close} />}
      {open?.kind === "change" && (
        <ChangeRole member={open.member} most={me?.role ?? "viewer"} onClose={close} />
      )}
      {open?.kind === "remove" && (
        <Confirm
          title={words.removeTitle(open.member.name)}
          act={open.member.id === me?.id ? words.leave : words.remove}
          onClose={close}
          onConfirm={async () => {
            await client.DELETE("/v1/members/{memberId}", {
              params: { path: { memberId: open.member.id } },
            });
            if (open.member.id === me?.id) return leave();
            await refreshPeople();
            done(words.removed);
          }}
        >
          <Text>{words.removeLead}</Text>
        </Confirm>
      )}
    </Screen>
  );
}

function Who({ member, isMe }: { readonly member: MemberView; readonly isMe: boolean }) {
  return (
    <div>
      <Group gap="xs" wrap="nowrap">
        <Text fw={500} className="one-line">
          {member.name}
        </Text>
        {isMe && (
          <Badge size="sm" variant="light">
            {t.people.you}
          </Badge>
        )}
      </Group>
      <Text size="sm" c="dimmed" className="one-line">
        {member.email}
      </Text>
    </div>
  );
}

function AppNames({ ids }: { readonly ids: readonly string[] | null | undefined }) {
  const apps = useApps().data?.items ?? [];
  if (ids == null) return t.people.allApps;
  const names = ids.map((id) => apps.find((app) => app.id === id)?.name ?? id);
  return <div className="one-line">{names.join(", ")}</div>;
}

function Invitations() {
  const invitations = api.useQuery("get", "/v1/invitations");
  const members = useMembers().data?.items ?? [];
  const words = t.people.members;
  const takeBack = api.useMutation("delete", "/v1/invitations/{invitationId}", {
    onSuccess: refreshPeople,
    onError: failed,
  });
  return (
    <Section title={words.invitations} flush>
      <Loaded query={invitations} rows={1}>
        {({ items }) =>
          items.length === 0 ? (
            <Text c="dimmed" p="lg">
              {words.noInvitations}
            </Text>
          ) : (
            <DataTable<InvitationView>
              label={words.invitations}
              rows={items}
              rowKey={(one) => one.id}
              columns={[
                { id: "email", header: t.people.email, title: true, cell: (one) => one.email },
                { id: "role", header: t.people.role, cell: (one) => t.people.roles[one.role][0] },
                {
                  id: "by",
                  header: words.invitedBy,
                  cell: (one) => members.find((member) => member.id === one.invitedBy)?.name,
                },
                {
                  id: "until",
                  header: words.expires,
                  cell: (one) => <Time value={one.expiresAt} relative />,
                },
                {
                  id: "acts",
                  header: "",
                  end: true,
                  cell: (one) => (
                    <Button
                      size="compact-sm"
                      variant="default"
                      onClick={() =>
                        takeBack.mutate({ params: { path: { invitationId: one.id } } })
                      }
                    >
                      {words.takeBack}
                    </Button>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </Section>
  );
}
