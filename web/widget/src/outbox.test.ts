import type { Submission } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import { createOutbox, KEEPALIVE_BUDGET } from "./outbox.ts";
import { type Answer, createServer, createTokens, json, problem } from "./testing/server.ts";
import { createTime } from "./testing/time.ts";

function setUp(answer: Answer) {
  const time = createTime();
  const server = createServer(answer);
  const warnings: string[] = [];
  const outbox = createOutbox({
    session: createTokens(),
    fetch: server.fetch,
    later: time.later,
    random: () => 1,
    designVersion: () => null,
    warn: (sentence) => void warnings.push(sentence),
  });
  const batches = () =>
    server.asked.map(({ body }) =>
      (JSON.parse(body) as { events: Submission[] }).events.map(({ id }) => id),
    );
  return { time, server, outbox, warnings, batches };
}

function event(id: string, size = 0): Submission {
  const data = { context: {}, text: "x".repeat(size) };
  return { id, event: { name: "tapped", data, timestamp: "2026-03-01T09:30:00.000Z" } };
}

const accepted: Answer = () => json({ accepted: [] });

describe("the outbox", () => {
  it("sends at once what happened together, keepalive, with the session's token", async () => {
    const { outbox, time, server, batches } = setUp(accepted);
    outbox.add(event("a"));
    outbox.add(event("b"));
    await time.pass(0);
    expect(batches()).toEqual([["a", "b"]]);
    expect(server.asked[0]?.keepalive).toBe(true);
    expect(server.asked[0]?.headers.get("authorization")).toBe("Bearer st_1");
  });

  it("tries again with growing pauses until the server has it, under the same id", async () => {
    const times: number[] = [];
    const { outbox, time, batches } = setUp(() => {
      times.push(time.now());
      return times.length < 8 ? problem(503, "unavailable") : json({ accepted: [] });
    });
    outbox.add(event("a"));
    await time.pass(10 * 60_000);
    expect(batches()).toEqual(Array(8).fill(["a"]));
    const pauses = times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / 1000);
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30]);
  });

  it("waits as long as the server asks for", async () => {
    let first = true;
    const { outbox, time, batches } = setUp(() => {
      const busy = first;
      first = false;
      return busy
        ? new Response("{}", { status: 429, headers: { "retry-after": "20" } })
        : json({ accepted: [] });
    });
    outbox.add(event("a"));
    await time.pass(19_000);
    expect(batches()).toHaveLength(1);
    await time.pass(2000);
    expect(batches()).toHaveLength(2);
  });

  it("sends what waits when the page goes away", async () => {
    const { outbox, time, batches } = setUp(() => Promise.reject(new TypeError("offline")));
    outbox.add(event("a"));
    await time.pass(0);
    outbox.flush();
    await time.pass(0);
    expect(batches()).toEqual([["a"], ["a"]]);
  });

  it("never has more in flight as keepalive than browsers allow, and sends the rest without", async () => {
    const { outbox, time, server } = setUp(() => new Promise<Response>(() => undefined));
    for (let index = 0; index < 12; index += 1) {
      outbox.add(event(`e${index}`, 9000));
      await time.pass(0);
    }
    const bytes = (keepalive: boolean) =>
      server.asked
        .filter((asked) => asked.keepalive === keepalive)
        .reduce((sum, { body }) => sum + body.length, 0);
    expect(server.asked).toHaveLength(12);
    expect(bytes(true)).toBeLessThanOrEqual(KEEPALIVE_BUDGET);
    expect(bytes(true)).toBeGreaterThan(KEEPALIVE_BUDGET - 10_000);
    expect(bytes(false)).toBeGreaterThan(0);
  });

  it("gives the budget back when a request is done", async () => {
    const { outbox, time, server } = setUp(accepted);
    for (let index = 0; index < 30; index += 1) {
      outbox.add(event(`e${index}`, 9000));
      await time.pass(0);
    }
    expect(server.asked.every(({ keepalive }) => keepalive)).toBe(true);
  });

  it("cuts what is too much for one request, by count and by size", async () => {
    const small = setUp(accepted);
    for (let index = 0; index < 45; index += 1) {
      small.outbox.add(event(`e${index}`));
    }
    await small.time.pass(0);
    expect(small.batches().map(({ length }) => length)).toEqual([20, 20, 5]);

    const large = setUp(accepted);
    for (let index = 0; index < 4; index += 1) {
      large.outbox.add(event(`e${index}`, 14_000));
    }
    await large.time.pass(0);
    expect(large.batches()).toEqual([
      ["e0", "e1"],
      ["e2", "e3"],
    ]);
  });

  it("leaves out the one that the server refuses and sends the others again", async () => {
    const { outbox, time, batches, warnings } = setUp(({ body }) =>
      body.includes('"bad"')
        ? problem(422, "event-refused", { pointer: "/events/1/event/data" })
        : json({ accepted: [] }),
    );
    for (const id of ["a", "bad", "c"]) {
      outbox.add(event(id));
    }
    await time.pass(60_000);
    expect(batches()).toEqual([
      ["a", "bad", "c"],
      ["a", "c"],
    ]);
    expect(warnings).toHaveLength(1);
  });

  it("gives up on a batch that can never be accepted", async () => {
    const { outbox, time, batches } = setUp(() => problem(403, "origin-not-allowed"));
    outbox.add(event("a"));
    await time.pass(60_000);
    expect(batches()).toEqual([["a"]]);
  });

  it("holds a bounded number", async () => {
    const { outbox, time, server, warnings } = setUp(() => problem(503, "unavailable"));
    outbox.add(event("first"));
    await time.pass(0);
    for (let index = 0; index < 300; index += 1) {
      outbox.add(event(`e${index}`));
    }
    const before = server.asked.length;
    outbox.flush();
    await time.pass(0);
    expect(server.asked.length - before).toBe(10);
    expect(warnings).toHaveLength(101);
  });
});
