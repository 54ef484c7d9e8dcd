import type { IdentifiedEvent, Phase } from "@bellpush/protocol";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Answer, createServer, createTokens, problem } from "../testing/server.ts";
import { createTime, settle } from "../testing/time.ts";
import { startCall } from "./index.ts";
import type { openMedia } from "./media.ts";

/** Media without a browser: the test says how the connection fares. */
const media = vi.hoisted(() => ({
  report: (_: RTCPeerConnectionState): void => undefined,
  log: [] as string[],
  takesDigits: true,
  answerFails: false,
}));

vi.mock("./media.ts", () => ({
  openMedia: ((_microphone, _audio, onConnection) => {
    media.report = onConnection;
    return {
      offer: async () => "the offer",
      async answer(sdp) {
        media.log.push(sdp);
        if (media.answerFails) {
          throw new Error("not an answer");
        }
      },
      setMuted: (muted) => void media.log.push(`muted ${muted}`),
      sendDigit(digit) {
        media.log.push(digit);
        return media.takesDigits;
      },
      level: () => 0.5,
      quality: async () => 4 as const,
      silence: () => void media.log.push("silence"),
      close: () => void media.log.push("close"),
    };
  }) satisfies typeof openMedia,
}));

beforeEach(() => {
  Object.assign(media, { log: [], takesDigits: true, answerFails: false });
});

/** The server's part of one call: what it says goes out on the open stream. */
function setUp(overrides: { readonly [route: string]: Answer } = {}) {
  const time = createTime();
  const encoder = new TextEncoder();
  let stream: ReadableStreamDefaultController<Uint8Array> | null = null;
  let id = 0;
  const routes: { readonly [route: string]: Answer } = {
    "POST /v1/calls": () =>
      new Response("the answer", { status: 201, headers: { location: "/v1/calls/call_1" } }),
    "GET /v1/calls/call_1/events": () =>
      new Response(
        new ReadableStream<Uint8Array>({
          start(controller) {
            stream = controller;
          },
        }),
      ),
    "DELETE /v1/calls/call_1": () => new Response(null, { status: 204 }),
    "POST /v1/calls/call_1/dtmf": () => new Response(null, { status: 204 }),
    ...overrides,
  };
  const server = createServer((asked, signal) => {
    const route = routes[`${asked.method} ${asked.path}`];
    return route === undefined ? problem(404, "not-found") : route(asked, signal);
  });
  const told: string[] = [];
  const beacons: string[][] = [];
  const call = startCall({} as MediaStream, {} as HTMLAudioElement, {
    session: createTokens(),
    fetch: server.fetch,
    later: time.later,
    beacon: (...beacon) => void beacons.push(beacon),
    onAccepted: (callId) => void told.push(`accepted ${callId}`),
    onPhase: (phase) => void told.push(phase),
    onEvent: ({ event }) => void told.push(event.name),
    onRefused: ({ code }) => void told.push(`refused ${code}`),
    onLost: () => void told.push("lost"),
    onLeft: () => void told.push("left"),
  });
  const send = async (type: string, data: object) => {
    id += 1;
    stream?.enqueue(encoder.encode(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`));
    await settle();
    await settle();
  };
  const say = (phase: Phase) => send("progress", { phase });
  const decide = (name: string) => {
    const event = { name, data: { context: {} }, timestamp: "2026-03-01T09:30:00.000Z" };
    return send("event", { id: `id-${name}`, event } satisfies IdentifiedEvent);
  };
  const asked = () => server.asked.map(({ method, path }) => `${method} ${path}`);
  return { call, time, server, asked, told, beacons, say, decide };
}

/** A promise that the test resolves. */
function held<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe("a call", () => {
  it("posts its offer, takes the answer and follows the server's word to the end", async () => {
    const { time, server, told, say, decide } = setUp();
    await time.pass(0);
    await decide("call_started");
    await say("ringing");
    media.report("connected");
    await say("connected");
    await decide("call_ended");
    expect(server.asked[0]).toMatchObject({ path: "/v1/calls", body: "the offer" });
    expect(server.asked[0]?.headers.get("content-type")).toBe("application/sdp");
    expect(told).toEqual([
      "accepted call_1",
      "call_started",
      "ringing",
      "ringing",
      "connected",
      "call_ended",
    ]);
    expect(media.log).toEqual(["the answer", "close"]);
  });

  it("that the server refuses says why and lets the microphone go", async () => {
    const { time, told, asked } = setUp({
      "POST /v1/calls": () => problem(429, "rate-limited"),
    });
    await time.pass(0);
    expect(told).toEqual(["refused rate_limited"]);
    expect(media.log).toEqual(["close"]);
    expect(asked()).toEqual(["POST /v1/calls"]);
  });

  it("that is hung up while it is asked for waits for the answer and then hangs up", async () => {
    const answer = held<Response>();
    const { call, time, told, asked, decide } = setUp({ "POST /v1/calls": () => answer.promise });
    await time.pass(0);
    call.hangUp();
    await time.pass(500);
    expect(asked()).toEqual(["POST /v1/calls"]);
    answer.resolve(
      new Response("the answer", { status: 201, headers: { location: "/v1/calls/call_1" } }),
    );
    await time.pass(0);
    expect(asked()).toContain("DELETE /v1/calls/call_1");
    await decide("call_started");
    await decide("call_ended");
    expect(told).toEqual(["accepted call_1", "call_started", "call_ended"]);
    expect(media.log).not.toContain("the answer");
  });

  it("that is hung up falls silent at once, but keeps its connection until the server knows", async () => {
    const { call, time, asked, decide } = setUp();
    await time.pass(0);
    await decide("call_started");
    call.hangUp();
    call.hangUp();
    expect(media.log).toEqual(["the answer", "silence"]);
    await time.pass(0);
    expect(asked().filter((line) => line.startsWith("DELETE"))).toHaveLength(1);
    await decide("call_ended");
    expect(media.log.at(-1)).toBe("close");
  });

  it("ends for the visitor within 3 s of hanging up, and the server's word still counts", async () => {
    const { call, time, told, asked, decide } = setUp({
      "DELETE /v1/calls/call_1": () => Promise.reject(new TypeError("offline")),
    });
    await time.pass(0);
    await decide("call_started");
    call.hangUp();
    await time.pass(3000);
    expect(told.at(-1)).toBe("left");
    await time.pass(10_000);
    expect(asked().filter((line) => line.startsWith("DELETE"))).toHaveLength(4);
    await decide("call_ended");
    expect(told.at(-1)).toBe("call_ended");
  });

  it("reconnects for up to 20 s", async () => {
    const { time, told, say, decide } = setUp();
    await time.pass(0);
    await decide("call_started");
    media.report("connected");
    await say("connected");
    media.report("disconnected");
    await time.pass(19_000);
    media.report("connected");
    expect(told.slice(-2)).toEqual(["reconnecting", "connected"]);
    media.report("disconnected");
    await time.pass(10_000);
    media.report("failed");
    await time.pass(9000);
    expect(told.at(-1)).toBe("reconnecting");
    await time.pass(2000);
    expect(told.at(-1)).toBe("lost");
    expect(media.log.at(-1)).toBe("close");
  });

  it("whose answer is unusable is taken back", async () => {
    media.answerFails = true;
    const { time, told, asked } = setUp();
    await time.pass(0);
    expect(told).toEqual(["accepted call_1", "lost"]);
    expect(asked()).toContain("DELETE /v1/calls/call_1");
  });

  it("sends digits in the sound, or by the server where the far side does not take them", async () => {
    const { call, time, server, asked } = setUp();
    await time.pass(0);
    call.sendDigit("1");
    media.takesDigits = false;
    call.sendDigit("*");
    await time.pass(0);
    expect(asked().filter((line) => line.endsWith("dtmf"))).toHaveLength(1);
    expect(server.asked.at(-1)?.body).toBe('{"digit":"*"}');
  });

  it("says good-bye when the page goes away, while there is a call", async () => {
    const { call, time, beacons, decide } = setUp();
    call.leave();
    expect(beacons).toEqual([]);
    await time.pass(0);
    await decide("call_started");
    call.leave();
    expect(beacons).toEqual([["/v1/calls/call_1/leave", '{"token":"st_1"}']]);
    await decide("call_ended");
    call.leave();
    expect(beacons).toHaveLength(1);
  });
});
