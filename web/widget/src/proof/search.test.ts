import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { search } from "./search.ts";

const challenge = (number: number) => ({
  algorithm: "SHA-256" as const,
  challenge: createHash("sha256").update(`salt&${number}`).digest("hex"),
  maxnumber: 1_234,
  salt: "salt&",
  signature: "mark",
});

it.each([0, 499, 500, 1_234])("finds the number %i wherever it is", async (number) => {
  const { maxnumber: _, ...rest } = challenge(number);
  expect(await search(challenge(number))).toEqual({ ...rest, number });
});

it("finds nothing where nothing is", async () => {
  expect(await search(challenge(1_235))).toBeNull();
});
