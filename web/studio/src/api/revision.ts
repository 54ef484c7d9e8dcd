/** The revision of what was read, for `If-Match` of what changes it. */

/**
 * As the server named it. A proxy that compresses answers makes a weak tag of it, or puts the coding behind
 * it: of the bytes that is true, and the revision is the same.
 */
export function revisionOf(response: Response): string | null {
  const revision = /"(r\d+)/.exec(response.headers.get("etag") ?? "")?.[1];
  return revision === undefined ? null : `"${revision}"`;
}
