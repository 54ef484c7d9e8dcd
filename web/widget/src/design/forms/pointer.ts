/** The field that a pointer of the server names; null when it names none. */
export function fieldOf(pointer: string | null): string | null {
  const [, name] = /^\/formValues\/([^/]+)$/.exec(pointer ?? "") ?? [];
  return name?.replaceAll("~1", "/").replaceAll("~0", "~") ?? null;
}
