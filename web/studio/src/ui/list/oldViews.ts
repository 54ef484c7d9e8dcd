/** Saved views as browsers kept them once. */

export interface OldView {
  readonly name: string;
  /** What stands behind the `?` of the address. */
  readonly query: string;
}

/** What a browser has kept, as far as it can be read and the server would take it. */
export function oldViews(text: string | null): readonly OldView[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(value) ? value.filter(isView) : [];
  } catch {
    return [];
  }
}

const isView = (value: unknown): value is OldView =>
  typeof value === "object" &&
  value !== null &&
  "name" in value &&
  typeof value.name === "string" &&
  value.name.trim() !== "" &&
  [...value.name].length <= 60 &&
  "query" in value &&
  typeof value.query === "string" &&
  [...value.query].length <= 4_000;
