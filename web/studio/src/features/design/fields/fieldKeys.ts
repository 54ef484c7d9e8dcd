/** Keys for the fields of a form, which have no ids: one stays the same while its name is typed. */

import { useState } from "react";

interface Named {
  readonly name: string;
}

export interface Keyed extends Named {
  readonly key: string;
}

export function useFieldKeys(fields: readonly Named[]): readonly string[] {
  const [keyed, setKeyed] = useState(() => keyedAfter([], fields));
  const isOf =
    keyed.length === fields.length && keyed.every((one, at) => one.name === fields[at]?.name);
  const present = isOf ? keyed : keyedAfter(keyed, fields);
  if (!isOf) setKeyed(present);
  return present.map(({ key }) => key);
}

/** A field is the one of its name; one whose name is new, in the place of one that is gone, was renamed. */
export function keyedAfter(before: readonly Keyed[], fields: readonly Named[]): readonly Keyed[] {
  const names = fields.map(({ name }) => name);
  const isSameCount = before.length === fields.length;
  return fields.map(({ name }, at) => {
    const there = before[at];
    const isRenamed = isSameCount && there !== undefined && !names.includes(there.name);
    const known = before.find((one) => one.name === name) ?? (isRenamed ? there : undefined);
    return { name, key: known?.key ?? crypto.randomUUID() };
  });
}
