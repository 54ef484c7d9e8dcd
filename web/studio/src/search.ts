/** What screens keep in their address, read so that no address can break a screen. */

export type Search = Readonly<Record<string, unknown>>;

/** A text, or nothing. */
export const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== ""
    ? value
    : typeof value === "number"
      ? String(value)
      : undefined;

/** One of some words, or nothing. */
export const oneOf = <W extends string>(words: readonly W[], value: unknown): W | undefined =>
  words.find((word) => word === value);

/** Several of some words; nothing when there is none. */
export function severalOf<W extends string>(words: readonly W[], value: unknown): W[] | undefined {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  const found = words.filter((word) => given.includes(word));
  return found.length === 0 ? undefined : found;
}

/** A whole number from 0 on, or nothing. */
export function whole(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : undefined;
}

/** Whether something is open. */
export const isTrue = (value: unknown): true | undefined => (value === true ? true : undefined);

/** A time in ISO 8601, or nothing. */
export function time(value: unknown): string | undefined {
  const written = text(value);
  return written === undefined || Number.isNaN(Date.parse(written)) ? undefined : written;
}

/** None of it has to be given. */
export const kept = <S extends object>(search: S): Partial<S> => search;

/** Whether the dialog for something new is open. */
export const opensNew = ({ new: isOpen }: Search) => kept({ new: isTrue(isOpen) });
