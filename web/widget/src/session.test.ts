import type { OpeningStatus } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import { createClock } from "./clock.ts";
import { request } from "./errors.ts";
import { authorized, createSession } from "./session.ts";
import { type Answer, createServer, json, problem } from "./testing/server.ts";
import { createTime } from "./testing/time.ts";

const CONFIG = {
  appId: "app_1",
  key: "wk_1",
  preview: false,
  context: { orderId: "A-1" },
  destination: null,
  session: null,
};

function setUp(answer: Answer, config: typeof CONFIG | { session: string } = CONFIG) {
  const time = createTime();
  const server = createServer(answer);
  const told: OpeningStatus[] = [];
  const needed = { is: true };
  const session = createSession({
    config: { ...CONFIG, ...config },
    origin: "https://shop.example",
    clock: createClock(time.now, time.now, () => false),
    fetch: server.fetch,
    localNow: time.now,
    later: time.later,
    isNeeded: () => needed.is,
    onHours: (hours) => void told.push(hours),
    solve: async ({ maxnumber: _, ...challenge }) => ({ ...challenge, number: 7 }),
  });
  const paths = () => server.asked.map(({ path }) => path.replace("/v1/widget/sessions", "~"));
  return { time, server, session, paths, told, needed };
}

function tokens(now: () => number): Answer {
  let count = 0;
  return () => {
    count += 1;
    const answer = {
      token: `st_${count}`,
      expiresAt: new Date(now() + 15 * 60_000).toISOString(),
      serverTime: new Date(now()).toISOString(),
      context: {},
      preview: false,
    };
    return json(answer, 201);
  };
}

describe("a session", () => {
  it("is asked for again with the work that the server wanted to see", async () => {
    const challenge = {
      algorithm: "SHA-256",
      challenge: "c",
      maxnumber: 9,
      salt: "s",
      signature: "m",
    };
    const { session, server, told } = setUp(({ body }) => {
      const { proof } = JSON.parse(body);
      return proof === undefined
        ? problem(428, "challenge", { challenge })
        : tokens(() => 1_790_000_000_000)(server.asked[0] as never, null);
    });
    expect(await session.token()).toMatchObject({ ok: true, value: "st_1" });
    expect(server.asked).toHaveLength(2);
    const { maxnumber: _, ...proof } = challenge;
    expect(JSON.parse(server.asked[1]?.body ?? "").proof).toEqual({ ...proof, number: 7 });
    expect(told).toEqual([{ open: true, changes: [] }]);
  });

  it("is worked for once more where another server sets a task of its own, and no more often", async () => {
    const challenge = (salt: string) => ({
      algorithm: "SHA-256",
      challenge: "c",
      maxnumber: 9,
      salt,
      signature: "m",
    });
    const salts = (server: { asked: { body: string }[] }) =>
      server.asked.map(({ body }) => JSON.parse(body).proof?.salt);
    const second = setUp(({ body }) =>
      JSON.parse(body).proof?.salt === "of 1"
        ? tokens(() => 1_790_000_000_000)(null as never, null)
        : problem(428, "challenge", {
            challenge: challenge(`of ${second.server.asked.length - 1}`),
          }),
    );
    expect(await second.session.token()).toMatchObject({ ok: true, value: "st_1" });
    expect(salts(second.server)).toEqual([undefined, "of 0", "of 1"]);

    const never = setUp(() => problem(428, "challenge", { challenge: challenge("s") }));
    expect(await never.session.token()).toMatchObject({ ok: false, failure: { status: 428 } });
    expect(never.server.asked).toHaveLength(3);
  });

  it("is asked for once, however many need it, with app, key, origin and context", async () => {
    const { session, server } = setUp((asked, signal) => answer(asked, signal));
    const answer = tokens(() => 1_790_000_000_000);
    const results = await Promise.all([session.token(), session.token(), session.token()]);
    expect(results.map((result) => result.ok && result.value)).toEqual(["st_1", "st_1", "st_1"]);
    expect(server.asked).toHaveLength(1);
    expect(JSON.parse(server.asked[0]?.body ?? "")).toEqual({
      appId: "app_1",
      key: "wk_1",
      origin: "https://shop.example",
      context: { orderId: "A-1" },
      preview: false,
      destination: null,
    });
  });

  it("is renewed silently before it ends, for as long as the page lives", async () => {
    const { session, time, paths } = setUp((asked, signal) => answer(asked, signal));
    const answer = tokens(time.now);
    await session.token();
    await time.pass(40 * 60_000);
    expect(paths()).toEqual(["~", "~/refresh", "~/refresh", "~/refresh"]);
    expect(session.current()).toBe("st_4");
  });

  it("is renewed again where that fails for a while, also one given by the page", async () => {
    let away = false;
    const { session, time, paths } = setUp(
      (asked, signal) => (away ? problem(503, "unavailable") : answer(asked, signal)),
      { session: "st_given" },
    );
    const answer = tokens(time.now);
    await session.token();
    away = true;
    await time.pass(13 * 60_000 + 1000);
    away = false;
    await time.pass(60_000);
    expect(session.current()).toBe("st_2");
    expect(paths().length).toBeLessThan(5);
    expect(await session.token()).toEqual({ ok: true, value: "st_2" });
  });

  it("is left to expire once nobody needs it", async () => {
    const { session, time, paths, needed } = setUp((asked, signal) => answer(asked, signal));
    const answer = tokens(time.now);
    await session.token();
    needed.is = false;
    await time.pass(60 * 60_000);
    expect(paths()).toEqual(["~"]);
    // And made anew if it is used after all.
    expect(await session.token()).toMatchObject({ ok: true });
  });

  it("given by the page is renewed when first used and never replaced by another", async () => {
    const { session, paths } = setUp(() => problem(401, "session-expired"), {
      session: "st_given",
    });
    expect(await session.token()).toMatchObject({ failure: { code: "session_expired" } });
    expect(paths()).toEqual(["~/refresh"]);
  });

  it("of its own that has expired is replaced by a new one", async () => {
    const { session, time, paths } = setUp((asked, signal) =>
      asked.path.endsWith("/refresh") ? problem(401, "session-expired") : answer(asked, signal),
    );
    const answer = tokens(time.now);
    await session.token();
    expect(await session.renew("st_1")).toEqual({ ok: true, value: "st_2" });
    expect(paths()).toEqual(["~", "~/refresh", "~"]);
  });

  it("that cannot be had says why", async () => {
    const { session } = setUp(() => problem(403, "origin-not-allowed"));
    expect(await session.token()).toMatchObject({ ok: false, failure: { passing: false } });
  });
});

describe("an authorized request", () => {
  it("is repeated once with a fresh token when the server calls the first one expired", async () => {
    const { session, time } = setUp((asked, signal) => answer(asked, signal));
    const answer = tokens(time.now);
    const used: string[] = [];
    const server = createServer(() => problem(401, "session-expired"));
    const result = await authorized(session, ({ authorization }) => {
      used.push(authorization);
      return request(server.fetch, "/x", {});
    });
    expect(used).toEqual(["Bearer st_1", "Bearer st_2"]);
    expect(result).toMatchObject({ failure: { code: "session_expired" } });
  });
});
