import { describe, expect, it } from "vitest";
import { createHeartbeat, PING_EVERY_MS } from "./heartbeat.ts";

function setUp() {
  let time = 0;
  const heartbeat = createHeartbeat(() => time);
  const beats = (count: number, every = PING_EVERY_MS) =>
    Array.from({ length: count }, () => {
      const outcome = heartbeat.beat();
      time += every;
      return outcome;
    });
  return { heartbeat, beats };
}

describe("the heartbeat of custom code", () => {
  it("gives up code that answers nothing for two seconds", () => {
    const { beats } = setUp();
    expect(beats(5)).toEqual(["ask", "wait", "wait", "wait", "give_up"]);
  });

  it("asks for ever while answers come, however late within two seconds", () => {
    const { heartbeat, beats } = setUp();
    for (let round = 0; round < 50; round += 1) {
      expect(beats(1 + (round % 4))).not.toContain("give_up");
      heartbeat.answered();
    }
  });

  it("does not take the sleep of the whole machine for silence of the code", () => {
    const { heartbeat, beats } = setUp();
    expect(beats(3, 60 * 60 * 1000)).toEqual(["ask", "wait", "wait"]);
    heartbeat.answered();
    expect(beats(1)).toEqual(["ask"]);
  });
});
