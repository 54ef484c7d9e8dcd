// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import { createSandbox, listen } from "./host.ts";
import { PING_MESSAGE, PONG_MESSAGE, PORT_MESSAGE, READY_MESSAGE } from "./messages.ts";

function setUp() {
  const emitted: string[] = [];
  const warnings: string[] = [];
  const removed: string[] = [];
  let answers = 0;
  let now = 0;
  const { hear } = listen({
    now: () => now,
    onEmit: ({ name }) => void emitted.push(name),
    warn: (sentence) => void warnings.push(sentence),
    answered: () => {
      answers += 1;
    },
    remove: (why) => void removed.push(why),
  });
  const pass = (ms: number) => {
    now += ms;
  };
  return { hear, emitted, warnings, pass, removed, answers: () => answers };
}

const tapped = { data: JSON.stringify({ name: "tapped", data: {} }) };

describe("the widget", () => {
  it("takes custom events up to the rate", () => {
    const { hear, emitted, pass, warnings } = setUp();
    for (let index = 0; index < 25; index += 1) {
      hear(tapped);
    }
    expect(emitted).toHaveLength(20);
    expect(warnings[0]).toContain("10 events a second");
    pass(500);
    hear(tapped);
    expect(emitted).toHaveLength(21);
  });

  it("takes away code that floods it, once, without a flood of warnings", () => {
    for (const data of [{ not: "ours" }, tapped.data, PONG_MESSAGE]) {
      const { hear, removed, warnings } = setUp();
      for (let index = 0; index < 100_000; index += 1) {
        hear({ data });
      }
      expect(removed).toHaveLength(1);
      expect(warnings.length).toBeLessThan(30);
    }
  });

  it("counts an answer to its ping as no event", () => {
    const { hear, answers, warnings, emitted } = setUp();
    hear({ data: PONG_MESSAGE });
    expect([answers(), warnings.length, emitted.length]).toEqual([1, 0, 0]);
  });
});

describe("the frame of the code", () => {
  function frameOf() {
    document.body.replaceChildren();
    const warnings: string[] = [];
    const sandbox = createSandbox(window, {
      source: "about:blank",
      now: Date.now,
      onEmit: () => undefined,
      warn: (sentence) => void warnings.push(sentence),
    });
    const frame = document.querySelector("iframe");
    if (frame?.contentWindow == null) {
      throw new Error("the frame is there once the page has loaded");
    }
    const given: (readonly unknown[])[] = [];
    frame.contentWindow.postMessage = (...message: unknown[]) => void given.push(message);
    const say = (data: unknown, source: unknown = frame.contentWindow) =>
      window.dispatchEvent(new MessageEvent("message", { data, source: source as Window }));
    return { sandbox, frame, given, say, warnings };
  }

  it("gets its port once, when its bridge asks for it, and nobody else does", () => {
    const { frame, given, say } = frameOf();
    expect(frame.getAttribute("sandbox")).toBe("allow-scripts");
    expect(frame.referrerPolicy).toBe("no-referrer");
    say(READY_MESSAGE, window);
    say(READY_MESSAGE, null);
    expect(given).toHaveLength(0);
    say(READY_MESSAGE);
    say(READY_MESSAGE);
    expect(given.map(([data]) => data)).toEqual([PORT_MESSAGE]);
  });

  it("is taken away when it does not answer for two seconds, and the rest goes on", () => {
    vi.useFakeTimers();
    const { sandbox, frame, say, warnings } = frameOf();
    say(READY_MESSAGE);
    vi.advanceTimersByTime(1900);
    expect(frame.isConnected).toBe(true);
    vi.advanceTimersByTime(1000);
    expect(frame.isConnected).toBe(false);
    expect(warnings).toEqual([
      "The custom code was taken away: it has not answered for two seconds.",
    ]);
    const event = { name: "call_ended", data: { context: {} }, timestamp: "" };
    expect(() => sandbox.tell({ id: "1", event })).not.toThrow();
    vi.useRealTimers();
  });

  it("stays while it answers", async () => {
    const { frame, given, say } = frameOf();
    say(READY_MESSAGE);
    const port = (given[0]?.[2] as MessagePort[] | undefined)?.[0];
    const pings: unknown[] = [];
    expect(port).toBeDefined();
    if (port !== undefined) {
      port.onmessage = ({ data }) => {
        pings.push(data);
        port.postMessage(PONG_MESSAGE);
      };
    }
    await vi.waitFor(() => expect(pings.length).toBeGreaterThan(5), { timeout: 10_000 });
    expect(pings.every((ping) => ping === PING_MESSAGE)).toBe(true);
    expect(frame.isConnected).toBe(true);
  });
});
