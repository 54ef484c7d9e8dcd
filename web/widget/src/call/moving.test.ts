import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { setUp as setUpCall } from "../testing/call.ts";
import { media, resetMedia } from "../testing/media.ts";
import { CLAIM, ONE, setUp, THREE, TWO, taken } from "../testing/moving.ts";
import { createNode, unanswered } from "../testing/node.ts";
import { type Answer, problem } from "../testing/server.ts";
import { held, settle } from "../testing/time.ts";

vi.mock("./media.ts", () => import("../testing/media.ts"));
vi.mock("./meter.ts", () => import("../testing/media.ts"));
vi.mock("./wake.ts", () => import("../testing/media.ts"));
vi.stubGlobal("navigator", {});

beforeEach(resetMedia);
// What loads in a call: real files take real time.
beforeAll(async () => {
  await Promise.all([import("./live.ts"), import("./moving.ts"), import("./telling.ts")]);
});

describe("a call whose server is killed", () => {
  it("goes on at another one, with its next token, and nothing is said of it", async () => {
    const { time, one, two, told, call, claimed, receive } = await setUp(taken(TWO, "rt_2"));
    media.flows = false;
    await one.die();
    await time.pass(300);
    expect(claimed()).toEqual([{ resumeToken: "rt_1", sdp: "the offer", takeOver: true }]);
    expect(told.splice(0)).toEqual(["accepted call_1", "call_started", "connected", "handover"]);
    expect(call.handover()).toEqual({ callId: "call_1", address: TWO, resumeToken: "rt_2" });
    await receive();
    // What is heard changes when the next one is there, in one turn.
    expect(media.log).toEqual(["the answer", "2: an answer"]);
    media.report("connected");
    expect(media.log.slice(2)).toEqual(["2: play", "close"]);
    media.flows = true;
    await time.pass(60_000);
    expect(new Set(told.splice(0))).toEqual(new Set(["connected"]));
    await two.decide("call_ended");
    await time.pass(1000);
    expect(told).toEqual(["call_ended"]);
    expect(media.log.slice(4)).toEqual(["2: silence", "2: close"]);
  });

  it("is asked for at the place that it has come to", async () => {
    const { time, one, call, server, receive } = await setUp(taken(TWO, "rt_2"));
    media.flows = false;
    await one.die();
    await time.pass(300);
    await receive();
    media.report("connected");
    media.takesDigits = false;
    call.sendDigit("5");
    call.online();
    await time.pass(100);
    const later = server.asked.slice(-3).map(({ method, path }) => `${method} ${path}`);
    expect(later).toContain(`POST ${TWO}/dtmf`);
    expect(later).toContain(`PATCH ${TWO}`);
    call.hangUp();
    await time.pass(100);
    expect(server.asked.at(-2)).toMatchObject({ method: "DELETE", path: TWO });
  });

  it("and whose next server is killed too goes on at a third one", async () => {
    const { time, one, two, three, told, claimed, receive } = await setUp(
      taken(TWO, "rt_2"),
      taken(THREE, "rt_3"),
    );
    media.flows = false;
    await one.die();
    await time.pass(300);
    // Not even connected there.
    await two.die();
    await time.pass(300);
    expect(claimed().map(({ resumeToken }) => resumeToken)).toEqual(["rt_1", "rt_2"]);
    expect(media.log).toEqual(["the answer", "2: an answer", "3: an answer"]);
    media.reports[1]?.("connected");
    expect(media.log).toHaveLength(3);
    media.report("connected");
    expect(media.log.slice(3)).toEqual(["3: play", "close", "2: close"]);
    await receive(three);
    expect(told.slice(-1)).toEqual(["connected"]);
  });

  it("is asked for again while the servers there are stopping, and keeps one connection for it", async () => {
    const stopping: Answer = () => problem(503, "server-shutdown");
    const { time, one, claimed } = await setUp(stopping, stopping, taken(TWO, "rt_2"));
    media.flows = false;
    await one.die();
    await time.pass(2000);
    expect(claimed()).toHaveLength(3);
    expect(media.log).toEqual(["the answer", "2: close", "3: close", "4: an answer"]);
  });

  it("has its screen say so if that takes long, and gives up after 20 s", async () => {
    const { time, one, told, times } = await setUp();
    media.flows = false;
    await one.die();
    media.report("disconnected");
    await time.pass(19_000);
    expect(told.at(-1)).toBe("reconnecting");
    await time.pass(1500);
    expect(told.at(-1)).toBe("lost");
    const before = times(CLAIM);
    await time.pass(60_000);
    expect(times(CLAIM)).toBe(before);
  });

  it("has its screen say so if the far side is long in answering there", async () => {
    const { time, one, two, told } = await setUp(taken(TWO, "rt_2"));
    media.flows = false;
    await one.die();
    await time.pass(300);
    media.report("connected");
    await two.decide("call_started");
    await two.say("reconnecting");
    await time.pass(1900);
    expect(told.at(-1)).toBe("handover");
    await time.pass(200);
    expect(told.at(-1)).toBe("reconnecting");
    await two.say("connected");
    await two.say("reconnecting");
    expect(told.slice(-2)).toEqual(["connected", "reconnecting"]);
  });

  it("is on hold there if its new server says so, and not else", async () => {
    const { time, one, two, three, told, wishes } = await setUp(
      taken(TWO, "rt_2"),
      taken(THREE, "rt_3"),
    );
    const held = () => told.filter((line) => line.startsWith("{"));
    await one.send("hold", { held: true });
    wishes.held = true;
    await one.send("move", {});
    await time.pass(100);
    await two.decide("call_started");
    await two.say("reconnecting");
    await two.send("hold", { held: true });
    await two.say("connected");
    expect(held()).toEqual(['{"held":true}', '{"held":true}']);
    await two.send("move", {});
    await time.pass(100);
    await three.decide("call_started");
    await three.say("reconnecting");
    await three.say("connected");
    expect(held().slice(2)).toEqual(['{"held":false}']);
  });

  it("while it rings is dialled again there, and the page is told of one beginning", async () => {
    const [one, two] = [createNode(ONE), createNode(TWO)];
    const { time, told } = setUpCall({ [CLAIM]: taken(TWO, "rt_2") }, false, [one, two]);
    await time.pass(0);
    await one.decide("call_started");
    await one.say("ringing");
    await one.die();
    await time.pass(300);
    await two.decide("call_started");
    await two.say("ringing");
    await two.say("connected");
    expect(told.filter((one) => one !== "ringing")).toEqual([
      ...["accepted call_1", "call_started", "handover", "connected"],
    ]);
  });

  it("is left where it is as long as its sound comes, though nobody answers", async () => {
    const { time, one, claimed } = await setUp(taken(TWO, "rt_2"));
    await one.die();
    await time.pass(20_000);
    expect(claimed()).toEqual([]);
    media.flows = false;
    await time.pass(2500);
    expect(claimed()).toHaveLength(1);
  });
});

describe("a call whose server stands still", () => {
  it("is asked for elsewhere when neither sound nor answer has come for 1.5 s", async () => {
    const { time, one, claimed } = await setUp(taken(TWO, "rt_2"));
    media.flows = false;
    one.freeze();
    await time.pass(1400);
    expect(claimed()).toEqual([]);
    await time.pass(1000);
    expect(claimed()).toHaveLength(1);
  });

  it("is asked for twice if the load balancer has sent the first claim there", async () => {
    const { time, one, told, claimed } = await setUp(unanswered, taken(TWO, "rt_2"));
    media.flows = false;
    one.freeze();
    await time.pass(3200);
    expect(claimed()).toHaveLength(2);
    expect(media.log).toEqual(["the answer", "2: an answer"]);
    expect(told.at(-1)).toBe("handover");
    // The other one is given up, and closes nothing.
    await time.pass(10_000);
    expect(media.log).not.toContain("2: close");
  });

  it("while the visitor is on hold is left to the stream to be there", async () => {
    const { time, one, wishes, claimed } = await setUp(taken(TWO, "rt_2"));
    wishes.held = true;
    media.flows = false;
    one.freeze();
    await time.pass(8000);
    expect(claimed()).toEqual([]);
  });

  it("is not asked for when it is the far side alone that is silent", async () => {
    const { time, times, claimed } = await setUp(taken(TWO, "rt_2"));
    const before = times("GET");
    media.flows = false;
    await time.pass(8000);
    expect(times("GET") - before).toBe(2);
    await time.pass(60_000);
    expect(claimed()).toEqual([]);
  });
});

describe("a visitor without a network", () => {
  const offline: Answer = () => Promise.reject(new TypeError("offline"));

  it("goes on with the same connection when it is back, its own server asked first", async () => {
    const { time, one, call, told, claimed, asked } = await setUp(offline);
    media.flows = false;
    await one.die();
    media.report("disconnected");
    await time.pass(6000);
    expect(told.at(-1)).toBe("reconnecting");
    one.revive();
    const [claims, requests] = [claimed().length, asked().length];
    expect(claims).toBeGreaterThan(3);
    call.online();
    await time.pass(100);
    media.reports[0]?.("connected");
    media.flows = true;
    await time.pass(60_000);
    expect(asked()[requests]).toMatch(`GET ${ONE}/events?after=`);
    expect(asked()).toContain(`PATCH ${ONE}`);
    expect(claimed()).toHaveLength(claims);
    expect(told.at(-1)).toBe("connected");
    expect(media.log).not.toContain("close");
  });

  it("whose claim comes through after all goes where that leads, and hears one connection", async () => {
    const claim = held<Response>();
    const { time, one, told, receive } = await setUp(() => claim.promise);
    media.flows = false;
    await one.die();
    await time.pass(300);
    one.revive();
    media.flows = true;
    media.reports[0]?.("disconnected");
    media.reports[0]?.("connected");
    await time.pass(1000);
    claim.resolve(taken(TWO, "rt_2")());
    await settle();
    await receive();
    media.report("connected");
    expect(media.log).toEqual(["the answer", "2: an answer", "2: play", "close"]);
    expect(told.at(-1)).toBe("connected");
  });
});

describe("a server that stops", () => {
  it("has its call move in peace: it is heard until the next one is there", async () => {
    const { time, one, two, told, claimed, receive, times } = await setUp(taken(TWO, "rt_2"));
    await one.send("move", {});
    await time.pass(100);
    expect(claimed()).toHaveLength(1);
    await receive();
    expect(media.log).toEqual(["the answer", "2: an answer"]);
    media.report("connected");
    expect(media.log).toEqual(["the answer", "2: an answer", "2: play", "close"]);
    await one.die();
    await time.pass(20_000);
    expect(claimed()).toHaveLength(1);
    expect(told).not.toContain("reconnecting");
    expect(times("PATCH")).toBe(0);
    await two.decide("call_ended");
    await time.pass(1000);
    expect(told.slice(-2)).toEqual(["connected", "call_ended"]);
  });

  it("and finds nobody to take the call keeps it, and asks again soon, else every 2 s", async () => {
    const older: Answer = () => problem(422, "invalid");
    const { time, one, told, claimed } = await setUp(older, unanswered, taken(TWO, "rt_2"));
    await one.send("move", {});
    await time.pass(300);
    expect(claimed()).toHaveLength(1);
    await time.pass(200);
    expect(claimed()).toHaveLength(2);
    await time.pass(7000);
    expect(claimed()).toHaveLength(3);
    expect(told.slice(0, -1)).toEqual(["accepted call_1", "call_started", "connected"]);
  });

  it("says so to one that has just come from another one that stopped", async () => {
    const { time, one, two, claimed, receive } = await setUp(
      taken(TWO, "rt_2"),
      taken(THREE, "rt_3"),
    );
    await one.send("move", {});
    await time.pass(100);
    await receive();
    // Before the connection is there.
    await two.send("move", {});
    await time.pass(100);
    expect(claimed().map(({ resumeToken }) => resumeToken)).toEqual(["rt_1", "rt_2"]);
    media.report("connected");
    expect(media.log.slice(-3)).toEqual(["3: play", "close", "2: close"]);
  });

  it("whose next one can't be reached by media has ICE restarted there", async () => {
    const { time, one, told, asked } = await setUp(taken(TWO, "rt_2"));
    await one.send("move", {});
    await time.pass(1900);
    expect(told).not.toContain("reconnecting");
    await time.pass(500);
    expect(told.at(-1)).toBe("reconnecting");
    expect(asked()).toContain(`PATCH ${TWO}`);
    expect(media.log).toContain("2: restart");
    media.report("connected");
    expect(told.at(-1)).toBe("connected");
  });
});

describe("a claim that is on its way", () => {
  it("when the visitor hangs up has the hang-up said where the call has come to", async () => {
    const claim = held<Response>();
    const { time, one, two, call, asked, told } = await setUp(() => claim.promise);
    media.flows = false;
    await one.die();
    await time.pass(300);
    call.hangUp();
    await time.pass(500);
    claim.resolve(taken(TWO, "rt_2")());
    await time.pass(100);
    expect(asked()).toContain(`DELETE ${TWO}`);
    await two.decide("call_started");
    await two.decide("call_ended");
    expect(told.at(-1)).toBe("call_ended");
    media.report("connected");
    expect(media.log).not.toContain("2: play");
    expect(media.log).toContain("2: close");
  });

  it("when the call has been hung up long ago is hung up there, and never heard", async () => {
    const claim = held<Response>();
    const { time, one, two, call, asked, told } = await setUp(() => claim.promise);
    media.flows = false;
    await one.die();
    await time.pass(300);
    call.hangUp();
    await time.pass(4000);
    expect(told.at(-1)).toBe("left");
    claim.resolve(taken(TWO, "rt_2")());
    await time.pass(100);
    expect(asked()).toContain(`DELETE ${TWO}`);
    await two.decide("call_started");
    await two.decide("call_ended");
    expect(told.at(-1)).toBe("call_ended");
    expect(media.log).not.toContain("2: an answer");
    expect(media.log).toContain("2: close");
  });

  it("when the page goes away changes nothing any more", async () => {
    const claim = held<Response>();
    const { time, one, call, beacons, told, asked } = await setUp(() => claim.promise);
    media.flows = false;
    await one.die();
    await time.pass(300);
    call.leave();
    const before = told.length;
    expect(beacons).toEqual([[`${ONE}/leave`, '{"token":"st_1"}']]);
    claim.resolve(taken(TWO, "rt_2")());
    await time.pass(60_000);
    expect(told).toHaveLength(before);
    expect(asked()).not.toContain(`GET ${TWO}/events`);
    expect(media.log).toContain("2: close");
  });

  it("is refused when another tab has used the token, and no other follows", async () => {
    const gone: Answer = () => problem(404, "not-found");
    const { time, one, call, claimed, asked } = await setUp(gone);
    media.flows = false;
    await one.die();
    await time.pass(10_000);
    expect(claimed()).toHaveLength(1);
    // What has become of the call is asked for where it may be known.
    expect(asked()).toContain("GET /v1/calls/call_1/events");
    call.drop();
    const before = asked().length;
    await time.pass(60_000);
    expect(asked()).toHaveLength(before);
  });
});

describe("a page that takes up a call whose server is gone", () => {
  const gone = { [`POST ${ONE}/resume`]: () => problem(502, "no-answer") };

  it("has another server take it over", async () => {
    const [one, two] = [createNode(ONE), createNode(TWO)];
    const claims = { ...gone, [CLAIM]: taken(TWO, "rt_3") };
    const { time, told, server, call } = setUpCall(claims, true, [one, two]);
    await time.pass(0);
    await two.decide("call_started");
    await two.say("connected");
    expect(JSON.parse(server.asked[1]?.body ?? "")).toEqual({
      resumeToken: "rt_1",
      sdp: "the offer",
      takeOver: true,
    });
    expect(told).toEqual(["accepted call_1", "connected"]);
    expect(call.handover()).toEqual({ callId: "call_1", address: TWO, resumeToken: "rt_3" });
  });

  it("has lost it when that is refused", async () => {
    const claims = { ...gone, [CLAIM]: () => problem(404, "not-found") };
    const { time, told, asked } = setUpCall(claims, true, [createNode(ONE)]);
    await time.pass(60_000);
    expect(told).toEqual(["refused signaling_failed"]);
    expect(asked()).toEqual([`POST ${ONE}/resume`, CLAIM]);
  });
});
