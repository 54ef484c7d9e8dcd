/** Language tags, and what they are called in the console's language. */

const names = new Intl.DisplayNames(["en"], { type: "language" });

export function languageName(tag: string): string {
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** A tag as the server wants it; null for what is none. */
export function canonical(text: string): string | null {
  const trimmed = text.trim();
  if (!/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(trimmed)) return null;
  try {
    return Intl.getCanonicalLocales(trimmed)[0] ?? null;
  } catch {
    return null;
  }
}
