// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";
import { followCode } from "./console.ts";
import { PORT_MESSAGE } from "./messages.ts";

const studio = { postMessage: vi.fn() };
const widget = { parent: studio };

/** A window in a widget in Studio, whose console writes nowhere. */
function codeWindow() {
  const listeners = new Map<string, (event: object) => void>();
  const write = vi.fn();
  const own = {
    parent: widget,
    console: { log: write, info: write, debug: write, warn: write, error: write },
    addEventListener: (name: string, listener: (event: object) => void) =>
      listeners.set(name, listener),
  };
  followCode(own as unknown as Window & typeof globalThis);
  return { own, write, fire: (name: string, event: object) => listeners.get(name)?.(event) };
}

const told = () => studio.postMessage.mock.calls.map(([message]) => message.console);

afterEach(() => studio.postMessage.mockClear());

it("tells what the code says, and what it throws", () => {
  const { own, write, fire } = codeWindow();
  own.console.log("seen", { name: "call_started" });
  own.console.warn(7);
  fire("error", { message: "x is not defined", error: null });
  fire("unhandledrejection", { reason: "no network" });
  expect(write).toHaveBeenCalledTimes(2);
  expect(told()).toEqual([
    { level: "log", text: 'seen {"name":"call_started"}' },
    { level: "warn", text: "7" },
    { level: "error", text: "x is not defined" },
    { level: "error", text: "no network" },
  ]);
});

it("gives the code a sample event from Studio, and from no other window", () => {
  const { fire } = codeWindow();
  const port = { dispatchEvent: vi.fn() };
  const sample = { id: "e", event: { name: "call_started", data: {}, timestamp: "now" } };
  const data = { source: "bellpush", sample };
  fire("message", { source: studio, data, ports: [] });
  fire("message", { source: widget, data: PORT_MESSAGE, ports: [port] });
  fire("message", { source: widget, data, ports: [] });
  fire("message", { source: studio, data: { sample }, ports: [] });
  expect(port.dispatchEvent).not.toHaveBeenCalled();
  fire("message", { source: studio, data, ports: [] });
  expect(port.dispatchEvent.mock.calls[0]?.[0].data).toEqual(sample);
});
