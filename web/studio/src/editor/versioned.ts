/** What is edited, with the version that a change of it has to name. */

import { revisionOf } from "../api/revision.ts";
import type { Versioned } from "./useEditor.ts";

interface Answer<T> {
  readonly data?: T;
  readonly response: Response;
}

export async function versioned<T, V>(
  asked: Promise<Answer<T>>,
  valuesOf: (data: T) => V,
): Promise<Versioned<V>> {
  const { data, response } = await asked;
  if (data === undefined) throw new Error("the answer is empty");
  return { value: valuesOf(data), version: revisionOf(response) };
}
