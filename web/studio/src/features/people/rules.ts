/** The rules of signing in as their form holds them, and as the API takes them. */

import type { paths, Role } from "../../api/generated/schema.ts";

type Operations = paths["/v1/sign-in-settings"];

export type Rules = Operations["get"]["responses"]["200"]["content"]["application/json"];
type Body = NonNullable<Operations["put"]["requestBody"]>["content"]["application/json"];

export interface RuleValues {
  readonly requireSecondFactor: boolean;
  readonly requireSso: boolean;
  readonly allowedEmailDomains: readonly string[];
  readonly hasSso: boolean;
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Empty: the one that is kept. */
  readonly clientSecret: string;
  readonly groupsClaim: string;
  readonly mapGroups: boolean;
  readonly groups: readonly {
    readonly group: string;
    readonly role: Role;
    readonly apps: string[] | null;
  }[];
  /** Empty: nobody joins by it. */
  readonly newMembers: Role | "";
}

export function valuesOf({ sso, ...rules }: Rules): RuleValues {
  return {
    requireSecondFactor: rules.requireSecondFactor ?? false,
    requireSso: rules.requireSso ?? false,
    allowedEmailDomains: rules.allowedEmailDomains ?? [],
    hasSso: sso != null,
    name: sso?.name ?? "",
    issuer: sso?.issuer ?? "",
    clientId: sso?.clientId ?? "",
    clientSecret: "",
    groupsClaim: sso?.groupsClaim ?? "groups",
    mapGroups: sso?.mapGroups ?? false,
    groups: (sso?.groups ?? []).map(({ group, role, apps }) => ({
      group,
      role,
      apps: apps ?? null,
    })),
    newMembers: sso?.newMembers ?? "",
  };
}

export function bodyOf(values: RuleValues): Body {
  const { name, issuer, clientId, clientSecret, groupsClaim, mapGroups } = values;
  return {
    requireSecondFactor: values.requireSecondFactor,
    requireSso: values.hasSso && values.requireSso,
    allowedEmailDomains: [...values.allowedEmailDomains],
    sso: values.hasSso
      ? {
          name,
          issuer,
          clientId,
          groupsClaim,
          mapGroups,
          groups: values.groups.filter(({ group }) => group.trim() !== ""),
          newMembers: values.newMembers === "" ? null : values.newMembers,
        }
      : null,
    ...(clientSecret === "" ? {} : { clientSecret }),
  };
}
