/** The tokens of the frame's address: kept where nobody else reads them, and back where a reload needs them. */

export interface Page {
  readonly location: Pick<Location, "href" | "search" | "replace">;
  readonly history: Pick<History, "state" | "replaceState">;
}

/**
 * Takes the tokens out of the address, where others could read them, and keeps them with the entry of the
 * history. True when the page is loaded again with them: a reload has only the address.
 */
export function hideTokens(hasTokens: boolean, { location, history }: Page): boolean {
  if (hasTokens) {
    const address = new URL(location.href);
    address.searchParams.delete("session");
    address.searchParams.delete("preview");
    history.replaceState({ search: location.search }, "", address);
    return false;
  }
  const kept: string | undefined = history.state?.search;
  if (kept) {
    // What is left here would load the page again and again.
    history.replaceState(null, "");
    location.replace(kept);
  }
  return !!kept;
}
