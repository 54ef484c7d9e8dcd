import { describe, expect, it } from "vitest";
import { connectParent, embeddingOrigin, readCommand } from "./parent.ts";
import { createTime } from "./testing/time.ts";

const SHOP = "https://shop.example";
const ADDRESS = "https://calls.example/w/app_1?key=wk_1";

describe("the embedding origin", () => {
  const cases = [
    { from: "the nearest ancestor", ancestors: [SHOP], referrer: "", address: ADDRESS },
    { from: "the referrer", ancestors: [], referrer: `${SHOP}/cart`, address: ADDRESS },
    {
      from: "the parameter",
      ancestors: [],
      referrer: "",
      address: `${ADDRESS}&origin=${encodeURIComponent(SHOP)}`,
    },
    {
      from: "the parameter, after a reload from within",
      ancestors: [],
      referrer: ADDRESS,
      address: `${ADDRESS}&origin=${SHOP}`,
    },
  ];

  it.each(cases)("comes from $from", (surroundings) => {
    expect(embeddingOrigin(surroundings, [SHOP])).toBe(SHOP);
  });

  it.each(cases)("from $from is refused when it is not allowed", (surroundings) => {
    expect(embeddingOrigin(surroundings, ["https://other.example"])).toBeNull();
  });

  it("cannot be claimed against the browser's word", () => {
    const address = `${ADDRESS}&origin=${SHOP}`;
    const ancestors = ["https://evil.example", SHOP];
    expect(embeddingOrigin({ ancestors, referrer: SHOP, address }, [SHOP])).toBeNull();
  });

  it("is none of these", () => {
    for (const claimed of ["*", "null", "", "https://shop.example.evil", "https://shop.example/"]) {
      const address = `${ADDRESS}&origin=${encodeURIComponent(claimed)}`;
      expect(
        embeddingOrigin({ ancestors: [], referrer: "about:blank", address }, [SHOP]),
      ).toBeNull();
    }
  });
});

describe("the parent", () => {
  function setUp() {
    const obeyed: string[] = [];
    const posted: unknown[][] = [];
    let listener: (message: object) => void = () => undefined;
    const parent = { postMessage: (...message: unknown[]) => void posted.push(message) };
    const own = {
      parent,
      addEventListener: (_: string, added: (message: object) => void) => {
        listener = added;
      },
    };
    const time = createTime();
    const connected = connectParent(
      own as unknown as Window,
      SHOP,
      ({ command }) => obeyed.push(command),
      time.later,
    );
    const data = { source: "bellpush", version: 1, command: "call" };
    const hear = (message: object) => listener({ source: parent, origin: SHOP, data, ...message });
    return { connected, hear, obeyed, posted, time };
  }

  it("is told of events under its own origin and no other", () => {
    const { connected, posted } = setUp();
    const event = { name: "widget_loaded", data: { context: {} }, timestamp: "" };
    connected.tell({ id: "1", event });
    expect(posted).toEqual([[{ source: "bellpush", version: 1, id: "1", event }, SHOP]]);
  });

  it("is obeyed", () => {
    const { hear, obeyed } = setUp();
    hear({});
    expect(obeyed).toEqual(["call"]);
  });

  it("is the only one obeyed", () => {
    const { hear, obeyed } = setUp();
    hear({ origin: "https://evil.example" });
    hear({ source: {} });
    hear({ origin: "null", source: null });
    expect(obeyed).toEqual([]);
  });

  it("is told of its state when that changes", () => {
    const { connected, posted } = setUp();
    const state = { name: "idle", phase: null, muted: false, held: false, seconds: 0 } as const;
    connected.show(state);
    connected.show({ ...state });
    connected.show({ ...state, name: "closed" });
    expect(posted.map(([message]) => (message as { state: object }).state)).toMatchObject([
      { name: "idle" },
      { name: "closed" },
    ]);
  });

  it("is asked only what it has said it answers, and answers once", async () => {
    const { connected, hear, obeyed, posted } = setUp();
    expect(await connected.ask("beforecall")).toBeNull();
    const say = (more: object) => hear({ data: { source: "bellpush", version: 1, ...more } });
    say({ command: "attend", subjects: ["beforecall", "passwords"] });
    const asking = connected.ask("beforecall");
    expect(await connected.ask("session")).toBeNull();
    expect(posted).toEqual([
      [{ source: "bellpush", version: 1, ask: { id: 1, subject: "beforecall" } }, SHOP],
    ]);
    say({ command: "answer", id: 1, answer: { allowed: "yes" } });
    say({ command: "answer", id: 7, answer: { allowed: true } });
    say({ command: "answer", id: 1, answer: { allowed: true, context: { tier: "gold" } } });
    say({ command: "answer", id: 1, answer: { allowed: false } });
    expect(await asking).toEqual({ allowed: true, context: { tier: "gold" } });
    expect(obeyed).toEqual([]);
  });

  it("has said no when no answer comes", async () => {
    const { connected, hear, time } = setUp();
    hear({
      data: { source: "bellpush", version: 1, command: "attend", subjects: ["beforecall"] },
    });
    const asking = connected.ask("beforecall");
    await time.pass(15_000);
    expect(await asking).toEqual({ allowed: false });
  });

  it.each([
    { command: "mute", muted: true },
    { command: "context", patch: { orderId: "A-1", tier: null } },
    { command: "theme", theme: "dark" },
    { command: "language", language: "pt-BR" },
    { command: "attend", subjects: ["session"] },
    { command: "answer", id: 3, answer: { allowed: true, formValues: { name: "Ann" } } },
  ])("may send $command with what belongs to it", (command) => {
    const data = { source: "bellpush", version: 1, ...command, more: 1 };
    expect(readCommand(data)).toEqual(command);
  });

  it.each([
    { command: "mute", muted: 1 },
    { command: "context", patch: { orderId: 5 } },
    { command: "context", patch: ["a"] },
    { command: "theme", theme: "pink" },
    { command: "language" },
    { command: "answer", id: 3, answer: { allowed: true, formValues: { name: null } } },
    { command: "answer", id: 3, answer: { allowed: true, session: 5 } },
  ])("is not heard with %j", (command) => {
    expect(readCommand({ source: "bellpush", version: 1, ...command })).toBeNull();
  });

  it.each([
    null,
    "call",
    { command: "call" },
    { source: "bellpush", version: 2, command: "call" },
    {
      source: "bellpush",
      version: 1,
      command: "toString",
    },
  ])("sends nothing of ours with %j", (data) => {
    expect(readCommand(data)).toBeNull();
  });
});
