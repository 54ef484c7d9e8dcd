import { describe, expect, it } from "vitest";
import { connectParent, embeddingOrigin, readCommand } from "./parent.ts";

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
    const connected = connectParent(own as unknown as Window, SHOP, (command) =>
      obeyed.push(command),
    );
    const data = { source: "bellpush", version: 1, command: "call" };
    const hear = (message: object) => listener({ source: parent, origin: SHOP, data, ...message });
    return { connected, hear, obeyed, posted };
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
