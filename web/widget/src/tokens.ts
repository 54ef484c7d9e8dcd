/** The tokens of the frame's address: kept where nobody else reads them, and back where a reload needs them. */

/** The parameters that hold one. */
const PARAMETERS = ["session", "preview"] as const;

export type Tokens = Readonly<Partial<Record<(typeof PARAMETERS)[number], string | undefined>>>;

export interface Page {
  readonly location: Pick<Location, "href" | "replace">;
  readonly history: Pick<History, "state" | "replaceState">;
}

/**
 * Takes the tokens out of the address, where others could read them, and keeps them with the entry of the
 * history. True when the page is loaded again with them: a reload has only the address.
 */
export function hideTokens(given: Tokens, { location, history }: Page): boolean {
  const address = new URL(location.href);
  const shown = PARAMETERS.filter((name) => given[name] !== undefined);
  if (shown.length > 0) {
    for (const name of shown) address.searchParams.delete(name);
    history.replaceState(given, "", address);
    return false;
  }
  const kept = PARAMETERS.filter((name) => typeof history.state?.[name] === "string");
  if (kept.length === 0) return false;
  for (const name of kept) address.searchParams.set(name, history.state[name]);
  // What is left here would load the page again and again.
  history.replaceState(null, "", location.href);
  location.replace(address.href);
  return true;
}
