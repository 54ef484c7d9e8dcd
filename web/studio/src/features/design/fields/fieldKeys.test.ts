import { expect, test } from "vitest";

import { keyedAfter } from "./fieldKeys.ts";

const named = (...names: readonly string[]) => names.map((name) => ({ name }));
const keysOf = (keyed: readonly { readonly key: string }[]) => keyed.map(({ key }) => key);

test("a field keeps its key when it is moved, renamed, or another one is taken out", () => {
  const first = keyedAfter([], named("mail", "topic", "size"));
  const [mail, topic, size] = keysOf(first);
  expect(new Set([mail, topic, size]).size).toBe(3);
  expect(keysOf(keyedAfter(first, named("topic", "mail", "size")))).toEqual([topic, mail, size]);
  expect(keysOf(keyedAfter(first, named("mail", "subject", "size")))).toEqual([mail, topic, size]);
  expect(keysOf(keyedAfter(first, named("topic", "size")))).toEqual([topic, size]);
});

test("a field that is added has a key of its own", () => {
  const first = keyedAfter([], named("mail"));
  const keys = keysOf(keyedAfter(first, named("mail", "field")));
  expect(keys[0]).toBe(first[0]?.key);
  expect(new Set(keys).size).toBe(2);
});
