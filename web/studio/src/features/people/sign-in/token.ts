/** The token of a link, which stands in its fragment so that no server's log has it. */

/** Reads it once, and takes it out of the address, so that it does not stay in the history. */
export function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) {
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  return token;
}
