import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { setUp } from "../testing/call.ts";
import { media, resetMedia } from "../testing/media.ts";
import { json, problem } from "../testing/server.ts";
import { held } from "../testing/time.ts";

vi.mock("./media.ts", () => import("../testing/media.ts"));
vi.mock("./meter.ts", () => import("../testing/media.ts"));
vi.mock("./wake.ts", () => import("../testing/media.ts"));

vi.stubGlobal("navigator", {});

beforeEach(resetMedia);
// What loads in a call: real files take real time.
beforeAll(async () => {
  await Promise.all([import("./live.ts"), import("./moving.ts"), import("./telling.ts")]);
});

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
    expect(told).toEqual(["accepted call_1", "call_started", "ringing", "connected", "call_ended"]);
    expect(media.log).toEqual(["the answer", "silence", "close"]);
  });

  it("that the server refuses says why and lets the microphone go", async () => {
    const { time, told, asked } = setUp({
      "POST /v1/calls": () => problem(429, "rate-limited"),
    });
    await time.pass(0);
    expect(told).toEqual(["refused rate_limited"]);
    expect(media.log).toEqual(["silence", "close"]);
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

  it("that is hung up before it is asked for is never asked for", async () => {
    const offer = held<string>();
    media.offer = () => offer.promise;
    const { call, time, told, asked } = setUp();
    await time.pass(0);
    call.hangUp();
    expect(told).toEqual(["cancelled"]);
    expect(media.log).toEqual(["silence", "silence", "close"]);
    offer.resolve("the offer");
    await time.pass(60_000);
    expect(asked()).toEqual([]);
    expect(told).toEqual(["cancelled"]);
  });

  it("that is hung up while its request is on its way waits no longer than 3 s, and is taken back then", async () => {
    const answer = held<Response>();
    const { call, time, told, asked, decide } = setUp({ "POST /v1/calls": () => answer.promise });
    await time.pass(0);
    call.hangUp();
    await time.pass(3000);
    expect(told).toEqual(["cancelled"]);
    answer.resolve(
      new Response("the answer", { status: 201, headers: { location: "/v1/calls/call_1" } }),
    );
    await time.pass(0);
    expect(asked()).toContain("DELETE /v1/calls/call_1");
    await decide("call_started");
    await decide("call_ended");
    expect(told.slice(-2)).toEqual(["call_started", "call_ended"]);
    expect(media.log.at(-1)).toBe("close");
  });

  it("whose request fails after it was hung up is no error", async () => {
    const answer = held<Response>();
    const { call, time, told } = setUp({ "POST /v1/calls": () => answer.promise });
    await time.pass(0);
    call.hangUp();
    answer.resolve(problem(503, "unavailable"));
    await time.pass(60_000);
    expect(told).toEqual(["cancelled"]);
  });

  it("ends for the visitor within 3 s of hanging up, and for the server as soon as it can be told", async () => {
    let offline = true;
    const { call, time, told, times, decide } = setUp({
      "DELETE /v1/calls/call_1": () =>
        offline ? Promise.reject(new TypeError("offline")) : new Response(null, { status: 204 }),
    });
    await time.pass(0);
    await decide("call_started");
    call.hangUp();
    await time.pass(3000);
    expect(told.at(-1)).toBe("left");
    // The connection stays until then: without it the server would see a loss of media.
    await time.pass(30_000);
    expect(media.log).not.toContain("close");
    expect(times("DELETE")).toBeGreaterThan(6);
    offline = false;
    await time.pass(5000);
    const said = times("DELETE");
    expect(media.log.at(-1)).toBe("close");
    await decide("call_ended");
    await time.pass(1000);
    expect(told.at(-1)).toBe("call_ended");
    await time.pass(60_000);
    expect(times("DELETE")).toBe(said);
  });

  it("tells its hang-up at once when the network is back", async () => {
    let offline = true;
    const { call, time, times } = setUp({
      "DELETE /v1/calls/call_1": () =>
        offline ? Promise.reject(new TypeError("offline")) : new Response(null, { status: 204 }),
    });
    await time.pass(0);
    call.hangUp();
    await time.pass(11_000);
    const before = times("DELETE");
    offline = false;
    call.online();
    await time.pass(0);
    expect(times("DELETE")).toBe(before + 1);
    expect(media.log.at(-1)).toBe("close");
  });

  it("reconnects for up to 20 s, and then says to all that its media failed", async () => {
    const { time, told, say, decide, asked } = setUp();
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
    expect(asked()).toContain("DELETE /v1/calls/call_1?reason=media_failed");
    await decide("call_error");
    await time.pass(1000);
    expect(told.at(-1)).toBe("call_error");
  });

  it("restarts ICE when the network changes, with growing pauses, and no more once it is back", async () => {
    let offline = true;
    const { time, server, times, say, decide } = setUp({
      "PATCH /v1/calls/call_1": () =>
        offline ? Promise.reject(new TypeError("offline")) : new Response("another answer"),
    });
    await time.pass(0);
    await decide("call_started");
    media.report("connected");
    await say("connected");
    media.report("disconnected");
    await time.pass(1900);
    expect(times("PATCH")).toBe(0);
    await time.pass(100);
    expect(times("PATCH")).toBe(1);
    await time.pass(1000);
    expect(times("PATCH")).toBe(2);
    await time.pass(1900);
    expect(times("PATCH")).toBe(2);
    await time.pass(100);
    expect(times("PATCH")).toBe(3);
    offline = false;
    await time.pass(4000);
    const patch = server.asked.findLast(({ method }) => method === "PATCH");
    expect(patch).toMatchObject({ body: "another offer" });
    expect(patch?.headers.get("if-match")).toBe("*");
    expect(media.log.at(-1)).toBe("another answer");
    media.report("connected");
    const before = times("PATCH");
    await time.pass(60_000);
    expect(times("PATCH")).toBe(before);
  });

  it("restarts ICE at once when the connection fails or a network comes", async () => {
    const { call, time, times, decide } = setUp();
    await time.pass(0);
    await decide("call_started");
    media.report("connected");
    call.online();
    await time.pass(0);
    expect(times("PATCH")).toBe(1);
    media.report("failed");
    await time.pass(0);
    expect(times("PATCH")).toBe(2);
  });

  it("asks the server when media says more than the stream", async () => {
    const { time, told, say, decide } = setUp();
    await time.pass(0);
    await decide("call_started");
    media.report("connected");
    await say("connected", true);
    expect(told).not.toContain("connected");
    await time.pass(1500);
    expect(told).toContain("connected");
    await decide("call_ended", true);
    media.report("closed");
    await time.pass(0);
    expect(told.at(-1)).toBe("call_ended");
  });

  it("whose answer is unusable has failed for all, and leaves nothing open", async () => {
    media.answerFails = true;
    const { time, told, asked, decide } = setUp();
    await time.pass(0);
    expect(told).toEqual(["accepted call_1", "lost"]);
    expect(asked()).toContain("DELETE /v1/calls/call_1?reason=media_failed");
    expect(media.log.at(-1)).toBe("close");
    await decide("call_error");
    expect(told.at(-1)).toBe("call_error");
  });

  it("raises warnings on the screen and in the call's record, and clears them", async () => {
    const { time, server, told, say, decide } = setUp();
    await time.pass(0);
    await decide("call_started");
    media.report("connected");
    await say("connected");
    media.peakDb = Number.NEGATIVE_INFINITY;
    await time.pass(6000);
    media.peakDb = -20;
    await time.pass(2000);
    expect(told.slice(-2)).toEqual(["!microphone_silent", "-microphone_silent"]);
    const entries = server.asked.filter(({ path }) => path.endsWith("/warnings"));
    expect(entries.map(({ body }) => JSON.parse(body))).toEqual([
      { warning: "microphone_silent", raised: true },
      { warning: "microphone_silent", raised: false },
    ]);
  });

  it("tells of hold", async () => {
    const { time, told, send } = setUp();
    await time.pass(0);
    await send("hold", { held: true });
    await send("hold", { held: false });
    expect(told.slice(-2)).toEqual(['{"held":true}', '{"held":false}']);
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

  it("has the server press keys in their order, and again those that did not get through", async () => {
    const first = held<Response>();
    let tries = 0;
    const { call, time, server } = setUp({
      "POST /v1/calls/call_1/dtmf": () => {
        tries += 1;
        return tries === 1 ? first.promise : tries < 4 ? problem(503, "unavailable") : json({});
      },
    });
    const pressed = () =>
      server.asked
        .filter(({ path }) => path.endsWith("/dtmf"))
        .map(({ body }) => JSON.parse(body).digit)
        .join("");
    await time.pass(0);
    media.takesDigits = false;
    for (const digit of "12#") {
      call.sendDigit(digit);
    }
    await time.pass(100);
    expect(pressed(), "the first is on its way").toBe("1");
    first.resolve(json({}));
    await time.pass(2000);
    expect(pressed()).toBe("1222#");
  });

  it("says good-bye when the page goes away, with what the next one needs", async () => {
    const { call, time, beacons, decide } = setUp();
    await time.pass(0);
    await decide("call_started");
    expect(call.handover()).toEqual({
      callId: "call_1",
      address: "/v1/calls/call_1",
      resumeToken: "rt_1",
    });
    call.leave();
    expect(beacons).toEqual([["/v1/calls/call_1/leave", '{"token":"st_1"}']]);
    expect(media.log.at(-1)).toBe("close");
    expect(call.handover()).toBeNull();
  });

  it("that is over, or hung up, goes to no other page", async () => {
    const { call, time, beacons, decide } = setUp();
    await time.pass(0);
    call.hangUp();
    expect(call.handover()).toBeNull();
    await decide("call_started");
    await decide("call_ended");
    call.leave();
    expect(beacons).toEqual([]);
  });

  it("of the page before goes on with its token, and is told of no second beginning", async () => {
    const { call, time, server, told, say, decide } = setUp({}, true);
    await time.pass(0);
    const [resume, follow] = server.asked;
    expect(resume).toMatchObject({ method: "POST", path: "/v1/calls/call_1/resume" });
    expect(JSON.parse(resume?.body ?? "")).toEqual({ resumeToken: "rt_1", sdp: "the offer" });
    expect(follow).toMatchObject({ method: "GET" });
    expect(call.handover()).toMatchObject({ resumeToken: "rt_2" });
    await decide("call_started");
    await say("connected");
    expect(told).toEqual(["accepted call_1", "connected"]);
    await decide("call_ended");
    expect(told.at(-1)).toBe("call_ended");
  });

  it("of the page before that is over is not placed anew", async () => {
    const { time, asked, told } = setUp(
      { "POST /v1/calls/call_1/resume": () => problem(404, "not-found") },
      true,
    );
    await time.pass(60_000);
    expect(asked()).toEqual(["POST /v1/calls/call_1/resume"]);
    expect(told).toEqual(["refused signaling_failed"]);
  });
});
