// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Handle, mount } from "./index.ts";
import { more, setMore } from "./say.ts";

const HOST = "https://calls.example";
const OPTIONS = { app: "app_1", key: "wk_1", host: HOST };

let handles: Handle[] = [];
const logged = vi.spyOn(console, "error");

beforeEach(() => {
  logged.mockReset().mockImplementation(() => undefined);
});

afterEach(() => {
  for (const handle of handles) {
    handle.destroy();
  }
  handles = [];
});

interface Said {
  readonly command: string;
}

interface Inline {
  readonly handle: Handle;
  readonly frame: HTMLIFrameElement;
  readonly posted: unknown[][];
}

function mountInline(): Inline {
  const place = document.createElement("div");
  document.body.append(place);
  const handle = mount(place, OPTIONS);
  handles.push(handle);
  const frame = place.querySelector("iframe");
  if (frame === null) {
    throw new Error("nothing was mounted");
  }
  const posted: unknown[][] = [];
  const postMessage = (...message: unknown[]) => void posted.push(message);
  Object.defineProperty(frame, "contentWindow", { value: { postMessage } });
  return { handle, frame, posted };
}

function say(name: string, from: { source?: unknown; origin?: string; data?: unknown }): void {
  const event = { name, data: { context: {} }, timestamp: "2026-03-01T09:30:00.000Z" };
  const data = { source: "bellpush", version: 1, id: `id-${name}`, event };
  const message = new Event("message");
  Object.assign(message, { origin: HOST, data, ...from });
  window.dispatchEvent(message);
}

describe("an inline widget", () => {
  it("is an iframe that may use the microphone and knows the page's origin", () => {
    const { frame } = mountInline();
    expect(frame.allow).toContain("microphone; autoplay; clipboard-write");
    expect(frame.allow, "for Firefox, which lists no loudspeakers without").toContain(
      "speaker-selection",
    );
    expect(new URL(frame.src).searchParams.get("origin")).toBe(location.origin);
  });

  it("tells its handlers of its events", () => {
    const { handle, frame } = mountInline();
    const [named, all] = [vi.fn(), vi.fn()];
    handle.on("call_started", named);
    const stop = handle.on("*", all);
    say("call_started", { source: frame.contentWindow });
    stop();
    handle.off("call_started", named);
    say("call_started", { source: frame.contentWindow });
    expect(named).toHaveBeenCalledOnce();
    expect(all).toHaveBeenCalledOnce();
    expect(all.mock.calls[0]?.[0]).toMatchObject({ id: "id-call_started", name: "call_started" });
  });

  it("keeps what a handler throws away from page and other handlers", () => {
    const { handle, frame } = mountInline();
    const fine = vi.fn();
    handle.on("*", () => {
      throw new Error("hostile");
    });
    handle.on("*", fine);
    say("call_started", { source: frame.contentWindow });
    expect(fine).toHaveBeenCalledOnce();
  });

  it("holds commands back until the widget is there, and names the server as their only reader", () => {
    const { handle, frame, posted } = mountInline();
    handle.call();
    expect(posted).toEqual([]);
    say("widget_loaded", { source: frame.contentWindow });
    handle.hangup();
    const said = posted.map(([message, reader]) => [(message as Said).command, reader]);
    expect(said.filter(([command]) => command !== "attend")).toEqual([
      ["open", HOST],
      ["call", HOST],
      ["hangup", HOST],
    ]);
  });

  it("that comes back from the browser's cache goes on with a call of the next page", () => {
    const { frame, posted } = mountInline();
    say("widget_loaded", { source: frame.contentWindow });
    const comesBack = (persisted: boolean) => {
      posted.length = 0;
      window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted }));
      return posted.map(([message]) => message).filter((one) => (one as Said).command === "resume");
    };
    expect(comesBack(true)).toEqual([]);
    sessionStorage[OPTIONS.app] = "a handover";
    expect(comesBack(false)).toEqual([]);
    expect(comesBack(true)).toMatchObject([{ handover: "a handover" }]);
    expect(comesBack(true), "one widget takes it").toEqual([]);
  });

  it("is gone after destroy, with its listeners", () => {
    const { handle, frame } = mountInline();
    const heard = vi.fn();
    handle.on("*", heard);
    handle.destroy();
    say("call_started", { source: frame.contentWindow });
    expect(frame.isConnected).toBe(false);
    expect(heard).not.toHaveBeenCalled();
  });
});

describe("several widgets on one page", () => {
  it("each hear their own events alone", () => {
    const [first, second] = [mountInline(), mountInline()];
    const [one, two] = [vi.fn(), vi.fn()];
    first.handle.on("*", one);
    second.handle.on("*", two);
    say("call_started", { source: second.frame.contentWindow });
    expect([one.mock.calls.length, two.mock.calls.length]).toEqual([0, 1]);
  });
});

describe("a foreign message", () => {
  it.each([
    ["from another window", { source: window }],
    ["from no window", { source: null }],
    ["from another origin in the frame", { origin: "https://evil.example" }],
    ["that is none of ours", { data: { source: "other", version: 1 } }],
    ["of another version", { data: { source: "bellpush", version: 2, id: "1", event: {} } }],
    ["without an event", { data: { source: "bellpush", version: 1, id: "1" } }],
    ["that is nothing", { data: null }],
  ])("%s is not heard", (_, from) => {
    const { handle, frame } = mountInline();
    const heard = vi.fn();
    handle.on("*", heard);
    say("call_started", { source: frame.contentWindow, ...from });
    expect(heard).not.toHaveBeenCalled();
  });
});

describe("a question that the page can't answer", () => {
  const loaded = more;
  afterEach(() => setMore(loaded));

  it("ends the call, since what it needs for that can't be loaded", async () => {
    const { frame, posted } = mountInline();
    say("widget_loaded", { source: frame.contentWindow });
    setMore(() => Promise.reject(new TypeError("it can't be loaded")));
    const ask = { id: 1, subject: "beforecall" };
    const data = { source: "bellpush", version: 1, ask };
    say("", { source: frame.contentWindow, data });
    await vi.waitFor(() => expect(logged).toHaveBeenCalled());
    expect(posted.at(-1)?.[0]).toMatchObject({ command: "hangup" });
  });
});

describe("a floating button", () => {
  it("loads the widget only once it is wanted", () => {
    const handle = mount(null, OPTIONS);
    handles.push(handle);
    const button = document.querySelector("bellpush-button");
    expect(button).not.toBeNull();
    expect(document.querySelectorAll("iframe")).toHaveLength(0);
    handle.destroy();
    expect(document.querySelector("bellpush-button")).toBeNull();
  });
});

describe("the page", () => {
  it("never gets an exception, but a sentence in the console", () => {
    for (const options of [undefined, null, {}, { ...OPTIONS, host: "no address" }]) {
      const handle = mount(document.body, options as never);
      handle.call();
      handle.open();
      handle.close();
      handle.hangup();
      handle.destroy();
    }
    expect(logged.mock.calls.length).toBeGreaterThanOrEqual(4);
  });
});
