/** What the server has refused, and when it is something else. */

import { isSame } from "./merge.ts";

/** A field whose value the server did not take. */
export interface Refused {
  /** The form's path of it. */
  readonly path: string;
  /** What stood there then. */
  readonly content: unknown;
}

/** A field that was just refused. */
export const refusedAt = (values: unknown, path: string): Refused => ({
  path,
  content: fieldAt(values, path),
});

/** Whether a form still has what was refused: then what was said of it still holds. */
export const isStillRefused = ({ path, content }: Refused, values: unknown): boolean =>
  isSame(fieldAt(values, path), content);

/**
 * What stands at a form's path, as far down as the form goes: where it holds less than the path says, what
 * is above. A row of a list is found by its number, or by its name, which may have dots.
 */
function fieldAt(values: unknown, path: string): unknown {
  let [inner, rest]: [unknown, readonly string[]] = [values, path.split(".")];
  while (rest.length > 0) {
    const below = partOf(inner, rest);
    if (below === null) return inner;
    [inner, rest] = below;
  }
  return inner;
}

/** The part of a value that a path begins with, and the path below it; null where there is none. */
function partOf(value: unknown, path: readonly string[]): [unknown, readonly string[]] | null {
  const [first = "", ...rest] = path;
  if (Array.isArray(value)) {
    const name = path.join(".");
    const row = value.find((one: unknown) => nameOf(one) === name);
    if (row !== undefined) return [row, []];
    return /^\d+$/.test(first) && Number(first) in value ? [value[Number(first)], rest] : null;
  }
  return typeof value === "object" && value !== null && Object.hasOwn(value, first)
    ? [(value as Readonly<Record<string, unknown>>)[first], rest]
    : null;
}

/** What a row is called: the first of a pair, or its `key`. */
function nameOf(row: unknown): unknown {
  if (Array.isArray(row)) return row[0];
  return typeof row === "object" && row !== null && "key" in row ? row.key : undefined;
}
