/** A role, and for which apps. */

import { MultiSelect, Select, Stack, Text } from "@mantine/core";

import type { Role } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { useApps } from "../apps/queries.ts";
import type { Grant } from "./grant.ts";

export const ROLES: readonly Role[] = ["viewer", "editor", "admin", "owner"];

interface GrantFieldsProps {
  readonly grant: Grant;
  readonly onChange: (grant: Grant) => void;
  /** One's own: nobody grants more. */
  readonly most: Role;
}

export function GrantFields({ grant, onChange, most }: GrantFieldsProps) {
  const apps = useApps().data?.items ?? [];
  const roles = ROLES.slice(0, ROLES.indexOf(most) + 1);
  return (
    <Stack>
      <div>
        <Select
          label={t.people.role}
          allowDeselect={false}
          data={roles.map((value) => ({ value, label: t.people.roles[value][0] }))}
          value={grant.role}
          onChange={(value) => {
            const role = roles.find((one) => one === value) ?? grant.role;
            onChange({ role, apps: role === "owner" ? [] : grant.apps });
          }}
        />
        <Text size="sm" c="dimmed" mt={4}>
          {t.people.roles[grant.role][1]}
        </Text>
      </div>
      {grant.role !== "owner" && (
        <AppsField
          apps={grant.apps}
          all={apps}
          onChange={(next) => onChange({ ...grant, apps: next })}
        />
      )}
    </Stack>
  );
}

interface AppsFieldProps {
  readonly apps: readonly string[];
  readonly all: readonly { readonly id: string; readonly name: string }[];
  readonly onChange: (apps: readonly string[]) => void;
}

export function AppsField({ apps, all, onChange }: AppsFieldProps) {
  return (
    <MultiSelect
      label={t.people.apps}
      description={t.people.appsHint}
      placeholder={apps.length === 0 ? t.people.allApps : undefined}
      data={all.map((app) => ({ value: app.id, label: app.name }))}
      value={[...apps]}
      onChange={onChange}
      clearable
    />
  );
}
