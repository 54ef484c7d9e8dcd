/** Which profiles name a field of the form, as `{form.name}`. */

import { t } from "../../../texts/index.ts";

export function usesIn(
  profiles: readonly { readonly name: string }[],
): ReadonlyMap<string, readonly string[]> {
  const uses = new Map<string, string[]>();
  for (const profile of profiles) {
    // Two braces are one brace, and no place.
    const templates = JSON.stringify(profile).replaceAll("{{", "");
    for (const [, name = ""] of templates.matchAll(/\{form\.([A-Za-z0-9_.-]+)\}/g)) {
      const users = uses.get(name) ?? [];
      if (!users.includes(profile.name)) uses.set(name, [...users, profile.name]);
    }
  }
  return uses;
}

/** The profiles that use a field of a form, each once. */
export function usersOf(
  fields: readonly { readonly name: string }[],
  uses: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  return [...new Set(fields.flatMap(({ name }) => uses.get(name) ?? []))];
}

/** Why a field stays as it is: who uses it; null: not known yet. */
export const usesInWords = (users: readonly string[] | null): string =>
  users === null ? t.design.fields.usesUnknown : t.design.fields.usedBy(users.join(", "));
