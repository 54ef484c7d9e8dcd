import { describe, expect, it } from "vitest";
import { createTime, held, settle } from "../testing/time.ts";
import { type Claim, createTakeOver, MOMENT_MS } from "./takeover.ts";

/** A call whose server is gone, where nothing else is said. */
function setUp() {
  const time = createTime();
  const began = time.now();
  const log: string[] = [];
  const note = (what: string) => void log.push(`${time.now() - began} ${what}`);
  const world = {
    answers: false,
    others: true,
    flows: false,
    answer: async (): Promise<boolean> => world.answers,
    claim: async (): Promise<Claim> => "again",
  };
  const takeOver = createTakeOver({
    later: time.later,
    ask: () => {
      note("ask");
      return world.answer();
    },
    flows: async (ms) => {
      await new Promise<void>((resume) => time.later(ms, resume));
      return world.flows;
    },
    hasOthers: () => world.others,
    claim: () => {
      note("claim");
      return world.claim();
    },
    onRefused: () => note("refused"),
  });
  /** What was done, without when. */
  const done = () => log.map((line) => line.split(" ")[1]);
  const suspect = () => takeOver.suspect(MOMENT_MS);
  return { time, log, world, takeOver, done, suspect };
}

describe("a server that may be gone", () => {
  it("is left alone when it answers", async () => {
    const { time, world, done, suspect } = setUp();
    world.answers = true;
    suspect();
    await time.pass(60_000);
    expect(done()).toEqual(["ask"]);
  });

  it("is left alone while sound comes, whether it answers or not", async () => {
    const { time, world, done, suspect } = setUp();
    world.flows = true;
    suspect();
    await time.pass(60_000);
    expect(done()).toEqual(["ask"]);
  });

  it("that gives neither answer nor sound loses the call", async () => {
    const { time, world, log, suspect } = setUp();
    world.claim = async () => "taken";
    suspect();
    await time.pass(60_000);
    expect(log).toEqual(["0 ask", "150 claim"]);
  });

  it("is asked once, however many reasons there are", async () => {
    const { time, world, done, suspect } = setUp();
    world.answers = true;
    suspect();
    suspect();
    await time.pass(100);
    suspect();
    await time.pass(1000);
    expect(done()).toEqual(["ask"]);
    suspect();
    await time.pass(1000);
    expect(done()).toEqual(["ask", "ask"]);
  });

  it("has as long as is given for sound to come", async () => {
    const { time, world, log, takeOver } = setUp();
    world.claim = async () => "taken";
    takeOver.suspect(700);
    await time.pass(5000);
    expect(log).toEqual(["0 ask", "700 claim"]);
  });

  it("that dies again at the next place loses the call again", async () => {
    const { time, world, done, suspect } = setUp();
    world.claim = async () => "taken";
    suspect();
    await time.pass(1000);
    suspect();
    await time.pass(1000);
    expect(done()).toEqual(["ask", "claim", "ask", "claim"]);
  });
});

describe("a claim", () => {
  it("that can be had later is repeated with growing pauses", async () => {
    const { time, log, suspect } = setUp();
    suspect();
    await time.pass(8500);
    expect(log).toEqual([
      "0 ask",
      "150 claim",
      "500 claim",
      "1050 claim",
      "2000 claim",
      "3750 claim",
      "7100 claim",
    ]);
  });

  it("without an answer has the call's own server asked first, before the next one", async () => {
    const { time, world, log, done, suspect } = setUp();
    world.claim = async () => "nothing";
    suspect();
    await time.pass(1100);
    expect(log).toEqual(["0 ask", "150 claim", "350 ask", "500 claim", "900 ask", "1050 claim"]);
    // The visitor's network is back.
    world.answers = true;
    await time.pass(60_000);
    expect(done().slice(6)).toEqual(["ask"]);
  });

  it("is repeated at once when the browser has a network again, its own server first", async () => {
    const { time, world, log, takeOver, suspect } = setUp();
    world.claim = async () => "nothing";
    suspect();
    await time.pass(4000);
    const before = log.length;
    takeOver.online();
    await time.pass(200);
    expect(log.slice(before)).toEqual(["4000 ask", "4150 claim"]);
  });

  it("that hangs gets another one beside it, three at most", async () => {
    const { time, world, log, suspect } = setUp();
    world.claim = () => held<Claim>().promise;
    suspect();
    await time.pass(60_000);
    expect(log).toEqual(["0 ask", "150 claim", "850 claim", "1550 claim"]);
  });

  it("that hangs is waited for where there is one server alone", async () => {
    const { time, world, log, suspect } = setUp();
    world.others = false;
    const first = held<Claim>();
    world.claim = () => first.promise;
    suspect();
    await time.pass(10_000);
    expect(log).toEqual(["0 ask", "150 claim"]);
    first.resolve("nothing");
    world.claim = async () => "taken";
    await time.pass(10_000);
    expect(log.slice(2)).toEqual(["10200 ask", "10350 claim"]);
  });

  it("that hangs is overtaken by the one beside it, and refused then without harm", async () => {
    const { time, world, done, suspect } = setUp();
    const first = held<Claim>();
    const answers = [first.promise, Promise.resolve<Claim>("taken")];
    world.claim = () => answers.shift() ?? Promise.resolve("again");
    suspect();
    await time.pass(1000);
    first.resolve("refused");
    await time.pass(60_000);
    expect(done()).toEqual(["ask", "claim", "claim"]);
  });

  it("that is refused while another is on its way waits for that one", async () => {
    const { time, world, done, suspect } = setUp();
    const first = held<Claim>();
    const answers = [first.promise, Promise.resolve<Claim>("refused")];
    world.claim = () => answers.shift() ?? Promise.resolve("again");
    suspect();
    await time.pass(3000);
    expect(done()).toEqual(["ask", "claim", "claim"]);
    first.resolve("taken");
    await time.pass(60_000);
    expect(done()).toEqual(["ask", "claim", "claim"]);
  });

  it("that is refused ends it: the call is over, or another page has it", async () => {
    const { time, world, done, takeOver, suspect } = setUp();
    world.claim = async () => "refused";
    suspect();
    await time.pass(1000);
    expect(done()).toEqual(["ask", "claim", "refused"]);
    suspect();
    takeOver.move();
    takeOver.online();
    takeOver.recovered();
    await time.pass(60_000);
    expect(done()).toEqual(["ask", "claim", "refused"]);
  });

  it("that is refused after another one was lost ends it once both are through", async () => {
    const { time, world, done, suspect } = setUp();
    const first = held<Claim>();
    const answers = [first.promise, Promise.resolve<Claim>("refused")];
    world.claim = () => answers.shift() ?? Promise.resolve("again");
    suspect();
    await time.pass(1000);
    first.resolve("nothing");
    await time.pass(60_000);
    expect(done()).toEqual(["ask", "claim", "claim", "refused"]);
  });
});

describe("a connection that comes back by itself", () => {
  it("is stayed with, while the next claim waits", async () => {
    const { time, done, takeOver, suspect } = setUp();
    suspect();
    await time.pass(200);
    takeOver.recovered();
    await time.pass(60_000);
    expect(done()).toEqual(["ask", "claim"]);
  });

  it("is stayed with, while its server is asked", async () => {
    const { time, world, done, takeOver, suspect } = setUp();
    const answer = held<boolean>();
    world.answer = () => answer.promise;
    suspect();
    await time.pass(300);
    takeOver.recovered();
    answer.resolve(false);
    await time.pass(60_000);
    expect(done()).toEqual(["ask"]);
  });

  it("is stayed with, when its sound is there before the next claim", async () => {
    const { time, world, done, suspect } = setUp();
    suspect();
    await time.pass(200);
    world.flows = true;
    await time.pass(60_000);
    expect(done()).toEqual(["ask", "claim"]);
  });

  it("while a claim is on its way gives way to what that brings", async () => {
    const { time, world, done, takeOver, suspect } = setUp();
    const claim = held<Claim>();
    world.claim = () => claim.promise;
    suspect();
    await time.pass(200);
    takeOver.recovered();
    // No other claim joins it.
    await time.pass(3000);
    expect(done()).toEqual(["ask", "claim"]);
    claim.resolve("taken");
    await settle();
    world.claim = async () => "taken";
    suspect();
    await time.pass(1000);
    expect(done()).toEqual(["ask", "claim", "ask", "claim"]);
  });

  it("and a claim that comes to nothing leave it as it was", async () => {
    const { time, world, done, takeOver, suspect } = setUp();
    const claim = held<Claim>();
    world.claim = () => claim.promise;
    suspect();
    await time.pass(200);
    takeOver.recovered();
    claim.resolve("refused");
    await time.pass(60_000);
    expect(done()).toEqual(["ask", "claim"]);
    suspect();
    await time.pass(100);
    expect(done()).toEqual(["ask", "claim", "ask"]);
  });
});

describe("a move", () => {
  it("claims at once, whatever the call's server answers", async () => {
    const { time, world, log, takeOver } = setUp();
    world.answers = true;
    world.flows = true;
    world.claim = async () => "taken";
    takeOver.move();
    await time.pass(60_000);
    expect(log).toEqual(["0 claim"]);
  });

  it("that is turned away is tried again soon, else every 2 s", async () => {
    const { time, world, log, takeOver } = setUp();
    const answers: Claim[] = ["again", "again", "nothing", "refused", "taken"];
    world.claim = async () => answers.shift() ?? "again";
    takeOver.move();
    await time.pass(60_000);
    expect(log).toEqual(["0 claim", "400 claim", "800 claim", "2800 claim", "4800 claim"]);
  });

  it("that nobody takes is not tried so often for ever", async () => {
    const { time, done, takeOver } = setUp();
    takeOver.move();
    await time.pass(8000);
    expect(done().length).toBe(11 + 2);
    await time.pass(8000);
    expect(done().length).toBe(11 + 2 + 4);
  });

  it("has one claim at a time", async () => {
    const { time, world, log, takeOver } = setUp();
    const claim = held<Claim>();
    world.claim = () => claim.promise;
    takeOver.move();
    takeOver.move();
    await time.pass(6000);
    expect(log).toEqual(["0 claim"]);
    claim.resolve("again");
    await time.pass(400);
    expect(log).toEqual(["0 claim", "6400 claim"]);
  });

  it("after a move is another one", async () => {
    const { time, world, log, takeOver } = setUp();
    world.claim = async () => "taken";
    takeOver.move();
    await time.pass(5000);
    takeOver.move();
    await time.pass(60_000);
    expect(log).toEqual(["0 claim", "5000 claim"]);
  });

  it("is urgent when the call's server dies before it has succeeded", async () => {
    const { time, world, log, takeOver, suspect } = setUp();
    world.claim = async () => "nothing";
    takeOver.move();
    await time.pass(500);
    world.claim = async () => "again";
    suspect();
    await time.pass(600);
    world.claim = async () => "taken";
    await time.pass(60_000);
    expect(log).toEqual(["0 claim", "500 ask", "650 claim", "1000 claim", "1550 claim"]);
  });

  it("goes on when the server that was in doubt answers after all", async () => {
    const { time, world, log, takeOver, suspect } = setUp();
    world.claim = async () => "nothing";
    takeOver.move();
    await time.pass(500);
    world.answers = true;
    world.claim = async () => "taken";
    suspect();
    await time.pass(60_000);
    expect(log).toEqual(["0 claim", "500 ask", "2650 claim"]);
  });

  it("overtakes a doubt", async () => {
    const { time, world, log, takeOver, suspect } = setUp();
    world.claim = async () => "taken";
    suspect();
    await time.pass(50);
    takeOver.move();
    await time.pass(60_000);
    expect(log).toEqual(["0 ask", "50 claim"]);
  });

  it("is not given up because the connection was interrupted for a moment", async () => {
    const { time, world, log, takeOver } = setUp();
    world.claim = async () => "nothing";
    takeOver.move();
    await time.pass(1000);
    takeOver.recovered();
    world.claim = async () => "taken";
    await time.pass(60_000);
    expect(log).toEqual(["0 claim", "2000 claim"]);
  });
});

describe("a call that is over", () => {
  it("is claimed no more, whatever was planned", async () => {
    for (const [pass, begin] of [
      [100, "suspect"],
      [200, "suspect"],
      [1000, "move"],
    ] as const) {
      const { time, done, takeOver } = setUp();
      takeOver[begin](MOMENT_MS);
      await time.pass(pass);
      const before = done().length;
      takeOver.stop();
      takeOver.suspect(MOMENT_MS);
      takeOver.move();
      takeOver.online();
      takeOver.recovered();
      await time.pass(60_000);
      expect(done().length).toBe(before);
    }
  });

  it("is told of no refusal", async () => {
    const { time, world, done, takeOver, suspect } = setUp();
    const claim = held<Claim>();
    world.claim = () => claim.promise;
    suspect();
    await time.pass(200);
    takeOver.stop();
    claim.resolve("refused");
    await time.pass(60_000);
    expect(done()).toEqual(["ask", "claim"]);
  });
});
