import { describe, expect, it } from "vitest";
import { createIds } from "./uuid.ts";

const random = (bytes: Uint8Array<ArrayBuffer>) => void crypto.getRandomValues(bytes);

describe("an event id", () => {
  it("is a UUID of version 7 that begins with its time", () => {
    const id = createIds(() => 0x0192_3456_789a, random)();
    expect(id).toMatch(/^01923456-789a-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("is greater than the one before, also within a millisecond and when the clock steps back", () => {
    let now = 1_790_000_000_000;
    const next = createIds(() => now, random);
    const ids = Array.from({ length: 10_000 }, (_, index) => {
      now += index === 5000 ? -1000 : 0;
      return next();
    });
    expect(ids).toEqual([...new Set(ids)].sort());
  });
});
