import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { media, resetMedia } from "../testing/media.ts";
import { CLAIM, ONE, setUp, setUpWith, THREE, TWO, taken } from "../testing/moving.ts";
import { unanswered } from "../testing/node.ts";
import { type Answer, problem } from "../testing/server.ts";
import { held } from "../testing/time.ts";

vi.mock("./media.ts", () => import("../testing/media.ts"));
vi.mock("./meter.ts", () => import("../testing/media.ts"));
vi.mock("./wake.ts", () => import("../testing/media.ts"));
vi.stubGlobal("navigator", {});

beforeEach(resetMedia);
// What loads in a call: real files take real time.
beforeAll(async () => {
  await Promise.all([import("./live.ts"), import("./moving.ts")]);
});

/** The server at this address has answered the same before. */
const answeredAt =
  (address: string): Answer =>
  () =>
    problem(421, "misdirected", { address });

let offers = 0;
beforeEach(() => {
  offers = 0;
  media.offer = async () => {
    offers += 1;
    return `offer ${offers}`;
  };
});

describe("the sound of a call that moves", () => {
  it("changes over with the first that comes by the next connection", async () => {
    const { time, one, receive } = await setUp(taken(TWO, "rt_2"));
    media.sounds = false;
    await one.send("move", {});
    await time.pass(100);
    await receive();
    media.report("connected");
    await time.pass(500);
    expect(media.log).toEqual(["the answer", "2: an answer"]);
    media.sounds = true;
    await time.pass(10);
    expect(media.log.slice(2)).toEqual(["2: play", "close"]);
  });

  it("changes over after a second when the far side is silent", async () => {
    const { time, one } = await setUp(taken(TWO, "rt_2"));
    media.sounds = false;
    await one.send("move", {});
    await time.pass(100);
    media.report("connected");
    await time.pass(980);
    expect(media.log).toHaveLength(2);
    await time.pass(30);
    expect(media.log.slice(2)).toEqual(["2: play", "close"]);
  });

  it("waits for the connection after it when it moves on before that", async () => {
    const { time, one, two } = await setUp(taken(TWO, "rt_2"), taken(THREE, "rt_3"));
    media.sounds = false;
    await one.send("move", {});
    await time.pass(100);
    media.report("connected");
    await two.send("move", {});
    await time.pass(100);
    media.sounds = true;
    await time.pass(1500);
    expect(media.log).toEqual(["the answer", "2: an answer", "3: an answer"]);
    media.report("connected");
    expect(media.log.slice(3)).toEqual(["3: play", "close", "2: close"]);
  });
});

describe("a claim whose answer is lost", () => {
  const lost: Answer = () => Promise.reject(new TypeError("connection reset"));

  it("is made again just as it was, and taken up when it is answered", async () => {
    const { time, one, claimed, told } = await setUp(lost, lost, taken(TWO, "rt_2"));
    media.flows = false;
    await one.die();
    await time.pass(3000);
    const same = { resumeToken: "rt_1", sdp: "offer 2", takeOver: true };
    expect(claimed()).toEqual([same, same, same]);
    expect(media.log).toEqual(["the answer", "2: an answer"]);
    expect(told.at(-1)).toBe("handover");
  });

  it("is made anew with another offer once a server has said that it has not taken it", async () => {
    const refused: Answer = () => problem(503, "server-shutdown");
    const { time, one, claimed } = await setUp(refused, taken(TWO, "rt_2"));
    media.flows = false;
    await one.die();
    await time.pass(3000);
    expect(claimed().map(({ sdp }) => sdp)).toEqual(["offer 2", "offer 3"]);
  });

  it("is asked for where another server says that it was answered", async () => {
    const { time, one, asked, call } = await setUpWith(
      { [`POST ${TWO}/resume`]: taken(TWO, "rt_2") },
      lost,
      answeredAt(TWO),
    );
    media.flows = false;
    await one.die();
    await time.pass(2000);
    expect(asked().filter((line) => line.endsWith("/resume"))).toEqual([
      CLAIM,
      CLAIM,
      `POST ${TWO}/resume`,
    ]);
    expect(call.handover()).toEqual({ callId: "call_1", address: TWO, resumeToken: "rt_2" });
  });

  it("is had from any other when the server that has answered it is gone", async () => {
    const { time, one, claimed, call } = await setUpWith(
      { [`POST ${TWO}/resume`]: unanswered },
      lost,
      (asked, signal) => {
        const answer = asked.body.includes("unreachable") ? taken(THREE, "rt_3") : answeredAt(TWO);
        return answer(asked, signal);
      },
    );
    media.flows = false;
    await one.die();
    await time.pass(4000);
    const same = { resumeToken: "rt_1", sdp: "offer 2", takeOver: true };
    expect(claimed().slice(0, 2)).toEqual([same, same]);
    expect(claimed()).toContainEqual({ ...same, unreachable: true });
    expect(call.handover()).toMatchObject({ address: THREE, resumeToken: "rt_3" });
  });

  it("and that was answered twice by the same server is taken up once", async () => {
    const slow = held<Response>();
    const { time, one, told, claimed } = await setUp(() => slow.promise, taken(TWO, "rt_2"));
    media.flows = false;
    await one.die();
    await time.pass(1500);
    expect(claimed()).toHaveLength(2);
    slow.resolve(taken(TWO, "rt_2")());
    await time.pass(100);
    expect(media.log).toEqual(["the answer", "2: an answer"]);
    expect(told.filter((line) => line === "handover")).toHaveLength(1);
  });

  it("and comes late from a server that has taken the call on is followed there", async () => {
    const slow = held<Response>();
    const { time, one, claimed, call } = await setUp(
      () => slow.promise,
      taken(TWO, "rt_2"),
      taken(THREE, "rt_4"),
    );
    media.flows = false;
    await one.die();
    await time.pass(1500);
    slow.resolve(taken(THREE, "rt_3")());
    await time.pass(100);
    expect(claimed().map(({ resumeToken, sdp }) => `${resumeToken} ${sdp}`)).toEqual([
      "rt_1 offer 2",
      "rt_1 offer 2",
      "rt_3 offer 3",
    ]);
    expect(call.handover()).toMatchObject({ address: THREE, resumeToken: "rt_4" });
  });

  it("leaves no connection on offer when the call is over", async () => {
    const { time, one, call } = await setUp(lost);
    media.flows = false;
    await one.die();
    await time.pass(1000);
    expect(media.log).not.toContain("2: close");
    call.drop();
    await time.pass(10_000);
    expect(media.log).toContain("2: close");
  });
});

describe("a hang-up", () => {
  it("at a server that has lost the call is said where it says that the call is", async () => {
    const { time, call, asked } = await setUpWith({ [`DELETE ${ONE}`]: answeredAt(TWO) });
    call.hangUp();
    await time.pass(100);
    expect(asked().filter((line) => line.startsWith("DELETE"))).toEqual([
      `DELETE ${ONE}`,
      `DELETE ${TWO}`,
    ]);
  });

  it("is said to any server when the call's own is gone, and where that says", async () => {
    const { time, one, call, asked } = await setUpWith({
      "DELETE /v1/calls/call_1": answeredAt(TWO),
    });
    await one.die();
    call.hangUp();
    await time.pass(1000);
    expect(asked().filter((line) => line.startsWith("DELETE"))).toEqual([
      `DELETE ${ONE}`,
      "DELETE /v1/calls/call_1",
      `DELETE ${TWO}`,
    ]);
  });

  it("that is sent from one server to the other and back is said with pauses", async () => {
    const { time, call, times } = await setUpWith({
      [`DELETE ${ONE}`]: answeredAt(TWO),
      [`DELETE ${TWO}`]: answeredAt(ONE),
    });
    call.hangUp();
    await time.pass(10_000);
    expect(times("DELETE")).toBeGreaterThan(4);
    expect(times("DELETE")).toBeLessThan(14);
  });
});
