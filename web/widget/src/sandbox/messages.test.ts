import { MAX_CUSTOM_DATA_BYTES } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import { createBucket, readEmit } from "./messages.ts";

const write = (name: unknown, data: unknown) => JSON.stringify({ name, data });

describe("a custom event", () => {
  it("is read when name and data are within the rules", () => {
    const data = { any: [1, { deep: null }] };
    expect(readEmit(write("wants_callback", data))).toEqual({
      ok: true,
      emit: { name: "wants_callback", data },
    });
    const most = { x: "x".repeat(MAX_CUSTOM_DATA_BYTES - '{"x":""}'.length) };
    expect(readEmit(write("a".repeat(64), most)).ok).toBe(true);
  });

  it.each([
    ["a name of the catalogue", write("call_ended", {})],
    ["a capital letter", write("Tapped", {})],
    ["a name that is too long", write("a".repeat(65), {})],
    ["a line break after the name", write("tapped\n", {})],
    ["no name", write(undefined, {})],
    ["a list as data", write("tapped", [])],
    ["a text as data", write("tapped", "x")],
    ["no data", write("tapped", null)],
    ["a context of its own", write("tapped", { context: {} })],
    ["a preview mark of its own", write("tapped", { isPreview: true })],
    ["more than 8 KiB", write("tapped", { x: "x".repeat(MAX_CUSTOM_DATA_BYTES) })],
    ["more than 8 KiB in UTF-8", write("tapped", { x: "é".repeat(5000) })],
    ["no JSON", "{"],
    ["JSON that is no object", "null"],
    ["something else than a text", { name: "tapped", data: {} }],
    ["a buffer", new ArrayBuffer(8)],
  ])("is refused with %s", (_, message) => {
    expect(readEmit(message).ok).toBe(false);
  });
});

describe("the rate", () => {
  it("allows a burst of 20, then 10 a second", () => {
    let now = 0;
    const allow = createBucket(10, 20, () => now);
    const take = () => Array.from({ length: 100 }, allow).filter(Boolean).length;
    expect(take()).toBe(20);
    now = 1000;
    expect(take()).toBe(10);
    now = 60_000;
    expect(take()).toBe(20);
  });
});
