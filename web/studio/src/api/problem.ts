/** What goes wrong in a request, as one type: the server's own words, or that there were none. */

import type { Problem as ProblemDocument } from "./generated/schema.ts";

/** One of several faults: where, and what to change. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

export class Problem extends Error {
  /** The HTTP status; 0: no answer came. */
  readonly status: number;
  /** The last part of its type, such as `invalid`. */
  readonly kind: string;
  /** The field that caused it: a JSON pointer into the request's body. */
  readonly pointer: string | null;
  /** Every fault, where the server names several at once. */
  readonly errors: readonly Fault[];

  constructor(
    status: number,
    kind: string,
    detail: string,
    pointer: string | null = null,
    errors: readonly Fault[] = [],
  ) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.kind = kind;
    this.pointer = pointer;
    this.errors = errors;
  }
}

/** The problem that an answer holds. */
export function problemOf(status: number, body: unknown): Problem {
  if (isDocument(body)) {
    const kind = body.type.split(":").at(-1) ?? "";
    const detail = body.detail || body.title;
    return new Problem(status, kind, detail, body.pointer ?? null, faultsOf(body));
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

function faultsOf(body: object): readonly Fault[] {
  const errors: readonly unknown[] =
    "errors" in body && Array.isArray(body.errors) ? body.errors : [];
  return errors.filter(
    (one): one is Fault =>
      typeof one === "object" &&
      one !== null &&
      "pointer" in one &&
      typeof one.pointer === "string" &&
      "detail" in one &&
      typeof one.detail === "string",
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
