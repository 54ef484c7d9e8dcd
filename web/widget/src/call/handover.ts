/** What goes from page to page, and from tab to tab, with a live call. */

/** What the next page needs to go on with a call. */
export interface Handover {
  readonly callId: string;
  /** Where the call is: a path, or the URL of the node that holds it. */
  readonly address: string;
  /** Good for one use. */
  readonly resumeToken: string;
  /** When both sides first heard each other, in milliseconds since the Unix epoch by this machine's clock; null before. */
  readonly connectedAt: number | null;
  readonly muted: boolean;
  readonly held: boolean;
}

/** Where a call can be: the page gives a handover back, and could have written what it likes. */
const ADDRESS = /^(https?:\/\/[^/?#]+)?\/v1\/calls\/(call_\w+)$/;

/** A handover out of whatever was found; null when it is none. */
export function readHandover(text: unknown): Handover | null {
  try {
    const value = JSON.parse(String(text)) as Handover;
    const { callId, address, resumeToken, connectedAt, muted, held } = value;
    const sound =
      typeof callId === "string" &&
      ADDRESS.exec(address)?.[2] === callId &&
      typeof resumeToken === "string" &&
      (connectedAt === null || Number.isFinite(connectedAt));
    return sound
      ? { callId, address, resumeToken, connectedAt, muted: muted === true, held: held === true }
      : null;
  } catch {
    return null;
  }
}
