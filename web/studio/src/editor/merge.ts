/** What two people changed at once: merged where they changed different fields, told where the same. */

export type Fields = Readonly<Record<string, unknown>>;

export interface Merge<V> {
  /** Theirs with what only I changed; where both changed a field, mine. */
  readonly merged: V;
  /** Fields that both changed, to different values. */
  readonly clashes: readonly string[];
  /** Fields that they changed. */
  readonly theirChanges: readonly string[];
}

export const isSame = (a: unknown, b: unknown): boolean => stable(a) === stable(b);

/** JSON whose objects have their fields in order. */
function stable(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? "undefined"
  );
}

export function merge<V extends object>(base: V, mine: V, theirs: V): Merge<V> {
  const [b, m, o] = [base, mine, theirs] as readonly [Fields, Fields, Fields];
  const names = [...new Set([...Object.keys(b), ...Object.keys(m), ...Object.keys(o)])];
  const theirChanges = names.filter((name) => !isSame(b[name], o[name]));
  const myChanges = names.filter((name) => !isSame(b[name], m[name]));
  const clashes = myChanges.filter(
    (name) => theirChanges.includes(name) && !isSame(m[name], o[name]),
  );
  const merged = { ...o, ...Object.fromEntries(myChanges.map((name) => [name, m[name]])) };
  return { merged: merged as V, clashes, theirChanges };
}

/** The fields in which one value differs from another. */
export function changed<V extends object>(base: V, mine: V): Partial<V> {
  const [b, m] = [base, mine] as readonly [Fields, Fields];
  return Object.fromEntries(
    Object.entries(m).filter(([name, value]) => !isSame(b[name], value)),
  ) as Partial<V>;
}
