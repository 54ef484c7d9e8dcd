/** Inviting somebody, and changing somebody's role. */

import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";

import { client } from "../../api/client.ts";
import type { MemberView, Role } from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { merge } from "../../editor/merge.ts";
import { t } from "../../texts/index.ts";
import { Code } from "../../ui/Code.tsx";
import { Modal } from "../../ui/dialogs.tsx";
import { done } from "../../ui/notify.ts";
import { useRefusal } from "../../ui/useRefusal.ts";
import { Warning } from "../../ui/Warning.tsx";
import { GrantFields } from "./GrantFields.tsx";
import { changeGrant, type Grant, grantBody, grantOf } from "./grant.ts";
import { refreshPeople } from "./queries.ts";

interface InviteProps {
  readonly most: Role;
  readonly onClose: () => void;
}

export function Invite({ most, onClose }: InviteProps) {
  const [email, setEmail] = useState("");
  const [grant, setGrant] = useState<Grant>({ role: "viewer", apps: [] });
  const [error, setError] = useRefusal(email, grant);
  const [made, setMade] = useState<{ link: string; mailed: boolean } | null>(null);
  const [busy, setBusy] = useState(false);
  const words = t.people.members;
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const { data } = await client.POST("/v1/invitations", {
        body: { email: email.trim(), ...grantBody(grant) },
      });
      await refreshPeople();
      if (data !== undefined) setMade({ link: data.link, mailed: data.mailed });
    } catch (caught) {
      setError(asProblem(caught).message);
    }
    setBusy(false);
  };
  return (
    <Modal opened onClose={onClose} title={made === null ? words.invite : words.linkTitle}>
      {made === null ? (
        <form onSubmit={submit}>
          <Stack>
            <Text c="dimmed">{words.inviteLead}</Text>
            <TextInput
              type="email"
              label={t.people.email}
              value={email}
              error={error}
              onChange={(event) => setEmail(event.currentTarget.value)}
              data-autofocus
            />
            <GrantFields grant={grant} onChange={setGrant} most={most} />
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={onClose}>
                {t.ui.cancel}
              </Button>
              <Button type="submit" loading={busy} disabled={email.trim() === ""}>
                {words.inviteAct}
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Stack>
          <Text className="foreign">{(made.mailed ? words.mailed : words.linkLead)(email)}</Text>
          <Code text={made.link} label={words.linkTitle} />
          <Group justify="flex-end">
            <Button onClick={onClose}>{t.ui.close}</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

interface ChangeRoleProps extends InviteProps {
  readonly member: MemberView;
}

export function ChangeRole({ member, most, onClose }: ChangeRoleProps) {
  const [base, setBase] = useState(() => grantOf(member));
  const [grant, setGrant] = useState(base);
  const [isOvertaken, setOvertaken] = useState(false);
  const [error, setError] = useRefusal(grant);
  const words = t.people.members;
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    setError(null);
    try {
      const theirs = await changeGrant(member.id, base, grant);
      await refreshPeople();
      setOvertaken(theirs !== null);
      if (theirs !== null) {
        setBase(theirs);
        const { role, apps } = merge(base, grant, theirs).merged;
        // An owner is one of all apps.
        setGrant({ role, apps: role === "owner" ? [] : apps });
        return;
      }
      done(t.people.account.saved);
      onClose();
    } catch (caught) {
      setError(asProblem(caught).message);
    }
  };
  return (
    <Modal opened onClose={onClose} title={`${words.change}: ${member.name}`}>
      <form onSubmit={submit}>
        <Stack>
          <GrantFields grant={grant} onChange={setGrant} most={most} />
          <Warning of={isOvertaken ? [words.overtaken(t.people.roles[base.role][0])] : []} />
          {error !== null && (
            <Text c="var(--studio-bad)" role="alert" className="foreign">
              {error}
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t.ui.cancel}
            </Button>
            <Button type="submit">{t.people.account.save}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
