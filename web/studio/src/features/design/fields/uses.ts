/** Which profiles name a field of the form, as `{form.name}`. */

export function usesIn(
  profiles: readonly { readonly name: string }[],
): ReadonlyMap<string, readonly string[]> {
  const uses = new Map<string, string[]>();
  for (const profile of profiles) {
    for (const [, name = ""] of JSON.stringify(profile).matchAll(/\{form\.([A-Za-z0-9_.-]+)\}/g)) {
      const users = uses.get(name) ?? [];
      if (!users.includes(profile.name)) uses.set(name, [...users, profile.name]);
    }
  }
  return uses;
}
