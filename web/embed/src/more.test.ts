import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Entry } from "./handle.ts";
import { answer } from "./more.ts";

const OPTIONS = {
  app: "app_1",
  key: "wk_1",
  host: "https://calls.example",
  context: { orderId: "A-1", tier: "gold" },
};
const ASK = { id: 7, subject: "beforecall" } as const;

const entry = (handler: (event: unknown) => unknown, name = "beforecall"): Entry => ({
  name,
  handler,
  known: handler,
});

const logged = vi.spyOn(console, "error");

beforeEach(() => {
  vi.useFakeTimers();
  logged.mockReset().mockImplementation(() => undefined);
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the page's answer before a call", () => {
  it("is yes where no handler says anything", async () => {
    const entries = [entry(() => undefined), entry(async () => true), entry(() => false, "state")];
    expect(await answer(ASK, OPTIONS, entries)).toEqual({
      command: "answer",
      id: 7,
      answer: { allowed: true, context: {}, formValues: {} },
    });
  });

  it("is no as soon as one handler says so, and the next is not asked", async () => {
    const next = vi.fn();
    const said = await answer(ASK, OPTIONS, [entry(async () => false), entry(next)]);
    expect(said).toMatchObject({ answer: { allowed: false } });
    expect(next).not.toHaveBeenCalled();
    expect(logged).not.toHaveBeenCalled();
  });

  it("puts together what handlers add, each seeing what was added before", async () => {
    const second = vi.fn(() => ({ context: { seen: "1" }, formValues: { mail: "a@b" } }));
    const first = entry(() => ({ context: { tier: null }, formValues: { name: "Ann" } }));
    const said = await answer(ASK, OPTIONS, [first, entry(second)]);
    expect(second).toHaveBeenCalledWith({ name: "beforecall", context: { orderId: "A-1" } });
    expect(said).toMatchObject({
      answer: {
        allowed: true,
        context: { tier: null, seen: "1" },
        formValues: { name: "Ann", mail: "a@b" },
      },
    });
  });

  it.each([
    ["throws", () => Promise.reject(new Error("on purpose")), "on purpose"],
    ["adds a number", () => ({ context: { orderId: 5 } }), '"orderId" needs a text'],
    ["adds a reserved name", () => ({ context: { lang: "de" } }), '"lang" is reserved'],
    ["fills in a number", () => ({ formValues: { age: 5 } }), '"age" needs a text'],
  ])("is no, with a sentence, where a handler %s", async (_, handler, sentence) => {
    const said = await answer(ASK, OPTIONS, [entry(handler)]);
    expect(said).toMatchObject({ answer: { allowed: false } });
    expect(String(logged.mock.calls[0]?.[1])).toContain(sentence);
  });

  it("is no when a handler does not answer in time, and leaves no timer", async () => {
    const asking = answer(ASK, OPTIONS, [entry(() => new Promise(() => undefined))]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await asking).toMatchObject({ answer: { allowed: false } });
    expect(String(logged.mock.calls[0]?.[1])).toContain("within 10 s");
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the page's session", () => {
  const ask = { id: 8, subject: "session" } as const;

  it("is what its function gives at this moment", async () => {
    const session = vi.fn(async () => "st_1");
    expect(await answer(ask, { ...OPTIONS, session }, [])).toMatchObject({
      answer: { allowed: true, session: "st_1" },
    });
    expect(session).toHaveBeenCalledOnce();
  });

  it.each([
    ["fails", () => Promise.reject(new Error("signed out"))],
    ["gives nothing", () => undefined as never],
  ])("keeps the call from being made where the function %s", async (_, session) => {
    expect(await answer(ask, { ...OPTIONS, session }, [])).toMatchObject({
      answer: { allowed: false },
    });
    expect(logged).toHaveBeenCalledOnce();
  });
});
