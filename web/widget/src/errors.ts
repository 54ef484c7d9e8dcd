/** What went wrong outside, in the words of the contract: one code of `call_error` for each. */

import type { Challenge, Problem, WidgetErrorCode } from "@bellpush/protocol";

/** Why a request to the server did not succeed. */
export interface Failure {
  /** What a call that needed the request fails with. */
  readonly code: WidgetErrorCode;
  /** Whether the same request can succeed later. */
  readonly passing: boolean;
  /** How long the server asks to wait, in milliseconds. */
  readonly waitMs: number | null;
  /** 0 when no answer came. */
  readonly status: number;
  /** The part of the request that was refused, as a JSON pointer. */
  readonly pointer: string | null;
  /** Work that the server wants to see before it answers. */
  readonly challenge: Challenge | null;
  /** Where else to ask, as the server says. */
  readonly address: string | null;
  /** For the developer's console. */
  readonly detail: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | Failed;
export type Failed = { readonly ok: false; readonly failure: Failure };

export function succeeded<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** The request got no answer at all. */
export function noAnswer(): Failed {
  return failed("signaling_failed", { passing: true, detail: "the server could not be reached" });
}

/** The answer was not what the contract says. */
export function unreadable(detail: string): Failed {
  return failed("signaling_failed", { passing: true, detail });
}

/** A request without an answer for so long has none, unless it says otherwise itself. */
const ANSWER_MS = 15_000;

/** Sends a request; whatever is not 2xx becomes a failure. */
export async function request(
  fetch: typeof globalThis.fetch,
  path: string,
  init: RequestInit,
): Promise<Result<Response>> {
  let response: Response;
  try {
    response = await fetch(path, {
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_MS),
      ...init,
    });
  } catch {
    return noAnswer();
  }
  return response.ok ? succeeded(response) : refused(response);
}

async function refused(response: Response): Promise<Failed> {
  const problem = await readProblem(response);
  const slug = problem.type?.replace("urn:bellpush:problem:", "") ?? "";
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return failed(codeOfProblem(response.status, slug), {
    passing: response.status === 408 || response.status === 429 || response.status >= 500,
    waitMs: Number.isFinite(seconds) ? seconds * 1000 : null,
    status: response.status,
    pointer: problem.pointer ?? null,
    challenge: problem.challenge ?? null,
    address: problem.address ?? null,
    detail: problem.detail ?? `the server answered ${response.status}`,
  });
}

async function readProblem(response: Response): Promise<Partial<Problem>> {
  try {
    const body: unknown = await response.json();
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}

/** The code for an answer that refuses. */
export function codeOfProblem(status: number, slug: string): WidgetErrorCode {
  if (slug === "session-expired" || (status === 401 && slug !== "widget-key-invalid")) {
    return "session_expired";
  }
  if (slug === "closed") {
    return "closed";
  }
  return status === 429 ? "rate_limited" : "signaling_failed";
}

/** What is known beyond a code: it makes another text, and other things to do. */
export type ErrorReason =
  /** The embedding page's policy keeps the microphone from us. */
  | "by_page"
  /** The device's own settings keep it from the browser. */
  | "by_system"
  /** Refused without a question: by the page, or by an earlier answer. */
  | "blocked"
  /** The browser's question was left open. */
  | "unanswered"
  | "insecure"
  | "in_app"
  | "no_webrtc"
  | "no_devices";

export interface Refusal {
  readonly code: WidgetErrorCode;
  readonly reason: ErrorReason | null;
}

function failed(code: WidgetErrorCode, facts: Partial<Omit<Failure, "code">>): Failed {
  return {
    ok: false,
    failure: {
      code,
      passing: false,
      waitMs: null,
      status: 0,
      pointer: null,
      challenge: null,
      address: null,
      detail: "",
      ...facts,
    },
  };
}
