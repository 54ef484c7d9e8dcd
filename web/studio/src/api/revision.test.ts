import { expect, test } from "vitest";

import { revisionOf } from "./revision.ts";

const read = (etag: string) => revisionOf(new Response(null, { headers: { etag } }));

test("a revision is the server's own, whatever a proxy has made of its tag", () => {
  expect(read('"r7"')).toBe('"r7"');
  expect(read('W/"r7"')).toBe('"r7"');
  expect(read('"r7-gzip"')).toBe('"r7"');
  expect(read('"abc"')).toBeNull();
  expect(revisionOf(new Response(null))).toBeNull();
});
