import type { IdentifiedEvent } from "@bellpush/protocol";
import { describe, expect, it, vi } from "vitest";
import { type CodeEvent, createBridge, type Handler } from "./bridge.ts";

function setUp() {
  const sent: string[] = [];
  const reported: unknown[] = [];
  const soon: (() => void)[] = [];
  const { bridge, receive } = createBridge({
    send: (message) => void sent.push(message),
    report: (error) => void reported.push(error),
    soon: (run) => void soon.push(run),
  });
  const runSoon = () => {
    for (const run of soon.splice(0)) {
      run();
    }
  };
  return { c2c: bridge, receive, sent, reported, runSoon };
}

function event(name: string): IdentifiedEvent {
  const data = { context: { orderId: "A-1" }, deep: { list: [{ n: 1 }] } };
  return { id: `id-${name}`, event: { name, data, timestamp: "2026-03-01T09:30:00.000Z" } };
}

describe("c2c.on", () => {
  it("gives the envelope with id and context", () => {
    const { c2c, receive } = setUp();
    const handler = vi.fn<Handler>();
    c2c.on("call_started", handler);
    receive(event("call_started"));
    receive(event("call_ended"));
    expect(handler).toHaveBeenCalledOnce();
    expect(handler).toHaveBeenCalledWith({
      ...event("call_started").event,
      id: "id-call_started",
      context: { orderId: "A-1" },
    });
  });

  it("gives every event with *", () => {
    const { c2c, receive } = setUp();
    const names: string[] = [];
    c2c.on("*", ({ name }) => void names.push(name));
    receive(event("call_started"));
    receive(event("tapped"));
    expect(names).toEqual(["call_started", "tapped"]);
  });

  it("returns how to stop, as off does", () => {
    const { c2c, receive } = setUp();
    const [first, second] = [vi.fn<Handler>(), vi.fn<Handler>()];
    const stop = c2c.on("tapped", first);
    c2c.on("tapped", second);
    stop();
    stop();
    c2c.off("tapped", second);
    c2c.off("tapped", () => undefined);
    receive(event("tapped"));
    expect([first, second].map((handler) => handler.mock.calls.length)).toEqual([0, 0]);
  });

  it("tells late handlers of widget_loaded, once, and not of anything else that is past", () => {
    const { c2c, receive, runSoon } = setUp();
    receive(event("widget_loaded"));
    receive(event("call_started"));
    const [late, all, other] = [vi.fn<Handler>(), vi.fn<Handler>(), vi.fn<Handler>()];
    c2c.on("widget_loaded", late);
    c2c.once("*", all);
    c2c.on("call_started", other);
    const stopped = vi.fn<Handler>();
    c2c.on("widget_loaded", stopped)();
    runSoon();
    runSoon();
    expect([late, all, other, stopped].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 0, 0]);
  });
});

describe("c2c.once", () => {
  it("hears one event, even if its handler causes the next", () => {
    const { c2c, receive } = setUp();
    const handler = vi.fn<Handler>(() => receive(event("tapped")));
    c2c.once("tapped", handler);
    receive(event("tapped"));
    expect(handler).toHaveBeenCalledOnce();
  });
});

describe("a hostile handler", () => {
  it("that throws keeps nothing from the others", () => {
    const { c2c, receive, reported } = setUp();
    const fine = vi.fn<Handler>();
    c2c.on("*", () => {
      throw new Error("hostile");
    });
    c2c.on("tapped", () => {
      throw null;
    });
    c2c.on("tapped", fine);
    receive(event("tapped"));
    receive(event("tapped"));
    expect(fine).toHaveBeenCalledTimes(2);
    expect(reported).toHaveLength(4);
  });

  it("cannot change what the others see", () => {
    const { c2c, receive } = setUp();
    const attempts: ((event: CodeEvent) => void)[] = [
      (seen) => Object.assign(seen, { name: "forged" }),
      (seen) => Object.assign(seen.data, { more: 1 }),
      (seen) => Object.assign(seen.context, { orderId: "B-2" }),
      (seen) => (seen.data.deep as { list: unknown[] }).list.push(2),
      (seen) => Object.setPrototypeOf(seen.data, { evil: true }),
    ];
    const thrown: unknown[] = [];
    for (const attempt of attempts) {
      c2c.on("tapped", (seen) => {
        try {
          attempt(seen);
        } catch (error) {
          thrown.push(error);
        }
      });
    }
    const last = vi.fn<Handler>();
    c2c.on("tapped", last);
    receive(event("tapped"));
    expect(thrown).toHaveLength(attempts.length);
    expect(last.mock.calls[0]?.[0]).toEqual({
      ...event("tapped").event,
      id: "id-tapped",
      context: { orderId: "A-1" },
    });
  });

  it("that adds and removes handlers meanwhile does not disturb the round", () => {
    const { c2c, receive } = setUp();
    const names: string[] = [];
    c2c.on("tapped", () => {
      names.push("first");
      c2c.on("tapped", () => void names.push("added"));
      stopThird();
    });
    c2c.on("tapped", () => void names.push("second"));
    const stopThird = c2c.on("tapped", () => void names.push("third"));
    receive(event("tapped"));
    expect(names).toEqual(["first", "second"]);
  });

  it("that is no function is refused at once", () => {
    const { c2c } = setUp();
    expect(() => c2c.on("tapped", "alert(1)" as unknown as Handler)).toThrow(TypeError);
  });

  it("cannot replace the bridge's parts", () => {
    const { c2c } = setUp();
    expect(() => Object.assign(c2c, { emit: () => undefined })).toThrow(TypeError);
  });
});

describe("c2c.emit", () => {
  it("sends name and data as one text", () => {
    const { c2c, sent } = setUp();
    c2c.emit("tapped", { n: 1 });
    c2c.emit("bare");
    expect(sent).toEqual(['{"name":"tapped","data":{"n":1}}', '{"name":"bare","data":{}}']);
  });
});
