/** What goes wrong in a request, as one type: the server's own words, or that there were none. */

import type { Problem as ProblemDocument } from "./generated/schema.ts";

export class Problem extends Error {
  /** The HTTP status; 0: no answer came. */
  readonly status: number;
  /** The last part of its type, such as `invalid`. */
  readonly kind: string;
  /** The field that caused it: a JSON pointer into the request's body. */
  readonly pointer: string | null;

  constructor(status: number, kind: string, detail: string, pointer: string | null = null) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.kind = kind;
    this.pointer = pointer;
  }
}

/** The problem that an answer holds. */
export function problemOf(status: number, body: unknown): Problem {
  if (isDocument(body)) {
    const kind = body.type.split(":").at(-1) ?? "";
    return new Problem(status, kind, body.detail || body.title, body.pointer ?? null);
  }
  return new Problem(status, "unreadable", `The server answered ${status}.`);
}

/** The problem that a failed request is, whatever was thrown. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isDocument(error)) return problemOf(error.status, error);
  return new Problem(
    0,
    "no-answer",
    "No answer came from the server. Check the connection, then try again.",
  );
}

function isDocument(value: unknown): value is ProblemDocument {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    typeof value.type === "string" &&
    "detail" in value &&
    typeof value.detail === "string"
  );
}
