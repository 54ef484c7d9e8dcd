import { describe, expect, test } from "vitest";

import { milliseconds, phases } from "./timing.ts";

describe("the parts of a request", () => {
  test("follow each other, those of the connection first", () => {
    const found = phases({
      reused: false,
      connectionUs: 6_000,
      resolveUs: 1_000,
      connectUs: 2_000,
      tlsUs: 3_000,
      firstByteUs: 40_000,
      bodyUs: 500,
    });
    expect(found).toEqual([
      { part: "resolve", start: 0, length: 1_000 },
      { part: "connect", start: 1_000, length: 2_000 },
      { part: "tls", start: 3_000, length: 3_000 },
      { part: "firstByte", start: 6_000, length: 40_000 },
      { part: "body", start: 46_000, length: 500 },
    ]);
  });

  test("of an open connection are the wait for it and the answer", () => {
    const found = phases({ reused: true, connectionUs: 20, firstByteUs: 900, bodyUs: 10 });
    expect(found.map(({ part }) => part)).toEqual(["wait", "firstByte", "body"]);
  });

  test("end where the request has failed", () => {
    const found = phases({
      reused: false,
      connectionUs: 3_000_000,
      resolveUs: 2_000,
      connectUs: 2_998_000,
    });
    expect(found.at(-1)).toEqual({ part: "connect", start: 2_000, length: 2_998_000 });
  });

  test("have the digits that tell something", () => {
    expect([420, 9_500, 12_340, 480_600].map(milliseconds)).toEqual([
      "0.42 ms",
      "9.50 ms",
      "12.3 ms",
      "481 ms",
    ]);
  });
});
