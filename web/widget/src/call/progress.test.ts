import type { CallMessage } from "@bellpush/protocol";
import { describe, expect, it } from "vitest";
import { type Answer, createServer, createTokens, json, problem } from "../testing/server.ts";
import { createTime, type Time } from "../testing/time.ts";
import { followCall } from "./progress.ts";

const MESSAGES: readonly CallMessage[] = [
  event(1, "call_started"),
  { id: 2, type: "progress", data: { phase: "ringing" } },
  { id: 3, type: "progress", data: { phase: "connected" } },
  event(4, "call_ended"),
];

function event(id: number, name: string): CallMessage {
  const envelope = { name, data: { context: {} }, timestamp: "2026-03-01T09:30:00.000Z" };
  return { id, type: "event", data: { id: `e${id}`, event: envelope } };
}

function text(messages: readonly CallMessage[]): string {
  return messages
    .map(({ id, type, data }) => `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`)
    .join("");
}

/** A stream that gives these messages and then ends, or stays open until it is given up. */
function stream(messages: readonly CallMessage[], signal: AbortSignal | null, open = false) {
  return new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text(messages)));
        signal?.addEventListener("abort", () => controller.error(signal.reason));
        if (!open) {
          controller.close();
        }
      },
    }),
  );
}

function setUp(answer: Answer) {
  const time = createTime();
  const server = createServer(answer);
  const seen: CallMessage[] = [];
  let broken = 0;
  const following = followCall("/v1/calls/call_1", {
    session: createTokens(),
    fetch: server.fetch,
    later: time.later,
    onMessage: (message) => void seen.push(message),
    onBroken: () => {
      broken += 1;
    },
  });
  return { time, server, seen, following, broken: () => broken };
}

/** A stream that gives its first messages and then nothing more; polls give so many at a time. */
function dying(first: number, polled = 4): Answer {
  return ({ path, headers }, signal) => {
    if (!path.includes("after")) {
      return stream(MESSAGES.slice(0, first), signal, true);
    }
    expect(headers.get("accept")).toBe("application/json");
    const id = Number(new URL(path, "http://x").searchParams.get("after"));
    return json({ messages: after(id).slice(0, polled), done: id + polled >= 4 });
  };
}

/** A stream that tells the first message, and then only that it lives. */
function breathing(signal: AbortSignal | null, time: Pick<Time, "later">): Response {
  const encoder = new TextEncoder();
  return new Response(
    new ReadableStream({
      start(controller) {
        signal?.addEventListener("abort", () => controller.error(signal.reason));
        controller.enqueue(encoder.encode(text(MESSAGES.slice(0, 1))));
        const breathe = () => {
          controller.enqueue(encoder.encode(":\n\n"));
          time.later(5000, breathe);
        };
        time.later(5000, breathe);
      },
    }),
  );
}

const after = (id: number) => MESSAGES.filter((message) => message.id > id);

describe("following a call", () => {
  it("passes on each message and stops with the terminal event", async () => {
    const { time, server, seen } = setUp((_, signal) => stream(MESSAGES, signal, true));
    await time.pass(60_000);
    expect(seen).toEqual(MESSAGES);
    expect(server.asked).toHaveLength(1);
    expect(server.asked[0]?.headers.get("last-event-id")).toBeNull();
  });

  it("resumes behind the last message when the stream breaks", async () => {
    const { time, server, seen } = setUp(({ headers }, signal) =>
      stream(after(Number(headers.get("last-event-id") ?? 0)).slice(0, 1), signal),
    );
    await time.pass(60_000);
    expect(seen).toEqual(MESSAGES);
    const resumed = server.asked.map(({ headers }) => headers.get("last-event-id"));
    expect(resumed).toEqual([null, "1", "2", "3"]);
  });

  it("passes on nothing twice, even if the server repeats itself", async () => {
    let times = 0;
    const { time, seen } = setUp((_, signal) => {
      times += 1;
      return stream(MESSAGES.slice(0, times + 1), signal);
    });
    await time.pass(60_000);
    expect(seen).toEqual(MESSAGES);
  });

  it("comes back after the network was gone", async () => {
    let offline = false;
    const { time, seen } = setUp(({ headers }, signal) => {
      if (offline) {
        return Promise.reject(new TypeError("offline"));
      }
      const left = after(Number(headers.get("last-event-id") ?? 0));
      offline = left.length === 4;
      return stream(offline ? left.slice(0, 2) : left, signal);
    });
    await time.pass(30_000);
    expect(seen).toEqual(MESSAGES.slice(0, 2));
    offline = false;
    await time.pass(5000);
    expect(seen).toEqual(MESSAGES);
  });

  it("asks at once when nudged, since a stream can die without a word", async () => {
    const { time, seen, following } = setUp(dying(2));
    await time.pass(5000);
    expect(seen).toHaveLength(2);
    following.nudge();
    await time.pass(0);
    expect(seen).toEqual(MESSAGES);
  });

  it("notices a stream that falls silent in the middle, and polls from then on", async () => {
    const { time, server, seen } = setUp(dying(2, 1));
    await time.pass(11_000);
    expect(seen).toHaveLength(2);
    await time.pass(4000);
    expect(seen).toEqual(MESSAGES);
    const streams = server.asked.filter(({ path }) => !path.includes("after"));
    expect(streams).toHaveLength(1);
  });

  it("gives up a stream that is behind the answer to a nudge, and no other", async () => {
    const { time, server, seen, following } = setUp(dying(2, 1));
    await time.pass(1000);
    following.nudge();
    await time.pass(0);
    expect(seen).toHaveLength(3);
    await time.pass(2500);
    expect(seen).toEqual(MESSAGES);
    expect(server.asked.filter(({ path }) => !path.includes("after"))).toHaveLength(1);

    const alive = setUp(({ path, headers }, signal) =>
      path.includes("after")
        ? json({ messages: [], done: false })
        : stream(after(Number(headers.get("last-event-id") ?? 0)).slice(0, 2), signal, true),
    );
    await alive.time.pass(1000);
    alive.following.nudge();
    await alive.time.pass(5000);
    expect(alive.server.asked.filter(({ path }) => path.includes("after"))).toHaveLength(1);
  });

  it("is not misled by a comment: a stream that lives is left alone", async () => {
    const { time, server } = setUp(({ path }, signal) =>
      path.includes("after") ? json({ messages: [], done: false }) : breathing(signal, time),
    );
    await time.pass(60_000);
    expect(server.asked).toHaveLength(1);
  });

  it("polls where the stream is held back by something on its way", async () => {
    const { time, server, seen } = setUp(({ path, headers }, signal) => {
      if (headers.get("accept") === "text/event-stream") {
        return stream([], signal, true);
      }
      const id = Number(new URL(path, "http://x").searchParams.get("after"));
      const messages = after(id).slice(0, 1);
      return json({ messages, done: false });
    });
    await time.pass(30_000);
    expect(seen).toEqual(MESSAGES);
    const polled = server.asked.map(({ path }) => path).filter((path) => path.includes("after"));
    expect(polled.map((path) => path.at(-1))).toEqual(["0", "1", "2", "3"]);
  });

  it("renews the token once when it has expired meanwhile", async () => {
    const { time, seen } = setUp(({ headers }, signal) =>
      headers.get("authorization") === "Bearer st_1"
        ? problem(401, "session-expired")
        : stream(MESSAGES, signal),
    );
    await time.pass(0);
    expect(seen).toEqual(MESSAGES);
  });

  it("ends when the server does not know the call", async () => {
    const { time, server } = setUp(() => problem(404, "call-unknown"));
    await time.pass(60_000);
    expect(server.asked).toHaveLength(1);
  });

  it("ends when it is stopped", async () => {
    const { time, server, following } = setUp(() => problem(503, "unavailable"));
    await time.pass(5000);
    following.stop();
    const before = server.asked.length;
    await time.pass(60_000);
    expect(server.asked).toHaveLength(before);
  });

  it("leaves aside what it does not know", async () => {
    const { time, seen } = setUp(
      () =>
        new Response(
          `id: 1\nevent: mood\ndata: {}\n\nevent: progress\ndata: {\n\n${text(MESSAGES)}`,
        ),
    );
    await time.pass(0);
    expect(seen).toEqual(MESSAGES);
  });

  it("passes on that the server wants it to move", async () => {
    const { time, seen } = setUp((_, signal) =>
      stream([{ id: 1, type: "move", data: {} }], signal, true),
    );
    await time.pass(0);
    expect(seen).toEqual([{ id: 1, type: "move", data: {} }]);
  });
});

describe("a stream", () => {
  /** Tells the first message, and breaks then, as when the server is killed. */
  const breaks = () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(text(MESSAGES.slice(0, 1))));
          queueMicrotask(() => controller.error(new TypeError("network error")));
        },
      }),
    );

  it("that breaks is told of at once", async () => {
    const { time, broken } = setUp(breaks);
    await time.pass(0);
    expect(broken()).toBe(1);
  });

  it("that ends in order, or is given up, is not told of", async () => {
    const ended = setUp((_, signal) => stream(MESSAGES.slice(0, 2), signal));
    await ended.time.pass(100);
    expect(ended.broken()).toBe(0);
    const stopped = setUp((_, signal) => stream(MESSAGES.slice(0, 2), signal, true));
    await stopped.time.pass(100);
    stopped.following.stop();
    await stopped.time.pass(100);
    expect(stopped.broken()).toBe(0);
    const over = setUp((_, signal) => stream(MESSAGES, signal, true));
    await over.time.pass(1000);
    expect(over.broken()).toBe(0);
  });

  for (const status of [421, 502, 503, 504]) {
    it(`that is answered with ${status} is told of: nobody there has the call`, async () => {
      const { time, broken } = setUp(() => problem(status, "away"));
      await time.pass(0);
      expect(broken()).toBe(1);
    });
  }

  for (const status of [401, 404, 429, 500]) {
    it(`that is answered with ${status} is not told of`, async () => {
      const { time, broken } = setUp(() => problem(status, "other"));
      await time.pass(100);
      expect(broken()).toBe(0);
    });
  }

  it("that falls silent is told of when the server does not answer either", async () => {
    const { time, broken } = setUp(({ path }, signal) =>
      path.includes("after")
        ? Promise.reject(new TypeError("unreachable"))
        : stream(MESSAGES.slice(0, 2), signal, true),
    );
    await time.pass(11_900);
    expect(broken()).toBe(0);
    await time.pass(200);
    expect(broken()).toBe(1);
  });
});

describe("asking the call's server", () => {
  const asks = async (answer: Answer, ms = 700): Promise<boolean | null> => {
    const { time, following } = setUp(({ path, ...asked }, signal) =>
      path.includes("after")
        ? answer({ path, ...asked }, signal)
        : stream(MESSAGES.slice(0, 2), signal, true),
    );
    await time.pass(0);
    let answered: boolean | null = null;
    void following.ask(ms).then((one) => {
      answered = one;
    });
    await time.pass(ms);
    return answered;
  };

  it("is answered by whoever has the call, with news or without", async () => {
    expect(await asks(() => json({ messages: [], done: false }))).toBe(true);
    expect(await asks(() => json({ messages: MESSAGES, done: true }))).toBe(true);
    expect(await asks(() => problem(429, "rate-limited"))).toBe(true);
    expect(await asks(() => problem(500, "internal"))).toBe(true);
  });

  it("is not answered by others, and not later than it may be", async () => {
    for (const status of [404, 421, 502, 503, 504]) {
      expect(await asks(() => problem(status, "away"))).toBe(false);
    }
    expect(await asks(() => Promise.reject(new TypeError("refused")))).toBe(false);
    const hangs: Answer = (_, signal) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    expect(await asks(hangs)).toBe(false);
  });

  it("passes on what the answer tells", async () => {
    const { time, seen, following } = setUp(dying(2));
    await time.pass(0);
    await following.ask(700);
    expect(seen).toEqual(MESSAGES);
  });
});
