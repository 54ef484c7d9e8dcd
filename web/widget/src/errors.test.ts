import { describe, expect, it } from "vitest";
import { codeOfProblem, request } from "./errors.ts";
import { createServer, problem } from "./testing/server.ts";

describe("a refused request", () => {
  it.each([
    [401, "session-expired", "session_expired"],
    [401, "widget-key-invalid", "signaling_failed"],
    [403, "origin-not-allowed", "signaling_failed"],
    [422, "offer-invalid", "signaling_failed"],
    [429, "rate-limited", "rate_limited"],
    [503, "server-shutdown", "signaling_failed"],
    [409, "closed", "closed"],
  ] as const)("with %i %s is %s", (status, slug, code) => {
    expect(codeOfProblem(status, slug)).toBe(code);
  });

  it("tells how long to wait and whether waiting helps", async () => {
    const busy = new Response("{}", { status: 429, headers: { "retry-after": "7" } });
    const result = await request(createServer(() => busy).fetch, "/", {});
    expect(result).toMatchObject({ ok: false, failure: { passing: true, waitMs: 7000 } });
    const wrong = createServer(() => problem(422, "offer-invalid", { pointer: "/sdp" }));
    const refused = await request(wrong.fetch, "/", {});
    expect(refused).toMatchObject({ ok: false, failure: { passing: false, pointer: "/sdp" } });
  });

  it("without an answer, or with one that is no JSON, is a failure and not an exception", async () => {
    const gone = createServer(() => Promise.reject(new TypeError("network")));
    expect(await request(gone.fetch, "/", {})).toMatchObject({
      failure: { code: "signaling_failed", passing: true, status: 0 },
    });
    const html = createServer(() => new Response("<html>", { status: 502 }));
    expect(await request(html.fetch, "/", {})).toMatchObject({ failure: { passing: true } });
  });
});
