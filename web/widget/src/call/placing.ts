/** How a call comes to this page: placed anew, or taken up from the page or the tab before. */

import type { CallRequest, CallResumed, ResumeRequest, SessionAnswer } from "@bellpush/protocol";
import { type Result, request, unreadable } from "../errors.ts";
import { authorized, type Session } from "../session.ts";
import { isAway } from "./answers.ts";
import type { Handover } from "./handover.ts";

export interface Placed {
  readonly callId: string;
  readonly address: string;
  readonly sdp: string;
  readonly resumeToken: string | null;
  /** The session that the call belongs to. */
  readonly session: Session;
}

/** Sends an offer to where it is answered. */
export type Place = (offer: string) => Promise<Result<Placed>>;

type Fetch = typeof globalThis.fetch;

/** What goes with an offer: what the design asks for, and what the page adds. */
export type Given = Omit<CallRequest, "sdp">;

export function placeAnew(session: Session, fetch: Fetch, given: Given): Place {
  const plain = Object.keys(given).length === 0;
  return async (offer) => {
    const result = await authorized(session, (authorization) =>
      request(fetch, "/v1/calls", {
        method: "POST",
        headers: {
          "content-type": plain ? "application/sdp" : "application/json",
          ...authorization,
        },
        body: plain ? offer : JSON.stringify({ sdp: offer, ...given } satisfies CallRequest),
      }),
    );
    if (!result.ok) {
      return result;
    }
    const { headers } = result.value;
    const address = headers.get("location") ?? "";
    const callId = /\/v1\/calls\/(call_\w+)$/.exec(address)?.[1];
    const body = await result.value.text().catch(() => "");
    const sdp = plain ? body : sdpOf(body);
    const resumeToken = headers.get("bellpush-resume-token");
    return callId === undefined
      ? unreadable("the answer names no call")
      : { ok: true, value: { callId, address, sdp, resumeToken, session } };
  };
}

function sdpOf(json: string): string {
  try {
    return String(JSON.parse(json).sdp);
  } catch {
    return "";
  }
}

/** Asks for a call with the token that another connection was given. */
export function resume(
  session: Session,
  fetch: Fetch,
  address: string,
  body: ResumeRequest,
  signal?: AbortSignal,
): Promise<Result<CallResumed>> {
  return authorized(session, (authorization) =>
    request(fetch, `${address}/resume`, {
      method: "POST",
      headers: { "content-type": "application/json", ...authorization },
      body: JSON.stringify(body),
      signal: signal ?? null,
    }),
  ).then(async (result) => {
    try {
      return result.ok ? { ok: true, value: (await result.value.json()) as CallResumed } : result;
    } catch {
      return unreadable("the answer to the resumption can't be read");
    }
  });
}

/** Where any server may be asked for a call. */
export function publicly(callId: string): string {
  return `/v1/calls/${callId}`;
}

/**
 * At the server that has the call, or at any other where that one is gone. `adopt` makes a session of
 * the one that the call began in.
 */
export function takeUp(
  { callId, address, resumeToken }: Handover,
  session: Session,
  fetch: Fetch,
  adopt: (answer: SessionAnswer) => Session,
): Place {
  return async (sdp) => {
    const body = { resumeToken, sdp };
    let result = await resume(session, fetch, address, body);
    if (!result.ok && isAway(result.failure)) {
      result = await resume(session, fetch, publicly(callId), { ...body, takeOver: true });
    }
    if (!result.ok) {
      return result;
    }
    const { value } = result;
    const placed = { ...value, address: value.address ?? address, session: adopt(value.session) };
    return { ok: true, value: placed };
  };
}
