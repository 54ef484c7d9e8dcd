// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { addressOf, patched, readScript } from "./options.ts";

function read(data: Record<string, string>, query = "") {
  return readScript(new URL(`https://calls.example/embed.js${query}`), data);
}

describe("the script's attributes", () => {
  it("name app, key and where the server is", () => {
    const given = { app: "app_1", key: "wk_1" };
    expect(read(given)).toEqual({ ...given, host: "https://calls.example", context: {} });
  });

  it("give the context as JSON, one by one, or both", () => {
    const given = read({
      app: "app_1",
      key: "wk_1",
      context: '{"orderId":"A-1","tier":"gold"}',
      contextOrderId: "A-2",
      mount: "#call",
      theme: "dark",
      lang: "pt-BR",
    });
    expect(given).toMatchObject({
      mount: "#call",
      context: { orderId: "A-2", tier: "gold" },
      theme: "dark",
      lang: "pt-BR",
    });
  });

  it("with a context that is no JSON are refused", () => {
    expect(() => read({ app: "a", key: "k", context: "{orderId}" })).toThrow("JSON");
  });

  it("say where the button is and how it looks", () => {
    const look = { position: "top-left", offset: "8,12", label: "Help", zIndex: "9" };
    expect(read({ app: "a", key: "k", launcher: "false", ...look })).toMatchObject({
      ...look,
      launcher: "false",
    });
  });
});

describe("the script's address", () => {
  it("can hold everything, and what is no setting is context", () => {
    const given = read({}, "?app=app_1&key=wk_1&orderId=A-1&theme=dark&_=1712&mount=%23call");
    expect(given).toEqual({
      mount: "#call",
      app: "app_1",
      key: "wk_1",
      host: "https://calls.example",
      theme: "dark",
      _: "1712",
      context: { orderId: "A-1" },
    });
  });

  it("adds no context where the settings are attributes, such as the version that a page adds", () => {
    const given = read({ app: "app_1", key: "wk_1" }, "?ver=6.4");
    expect(given.context).toEqual({});
  });

  it("comes after the attributes", () => {
    const given = read({ key: "wk_2", contextOrderId: "A-2" }, "?app=app_1&key=wk_1&orderId=A-1");
    expect(given).toMatchObject({ key: "wk_2", context: { orderId: "A-2" } });
  });
});

const OPTIONS = { app: "app_1", key: "wk_1", host: "https://calls.example" };
const SHOP = "https://shop.example";

describe("the widget's address", () => {
  it("carries context, settings and the page's origin", () => {
    const options = { ...OPTIONS, context: { orderId: "A&1", empty: "" }, session: "st_1" };
    const address = addressOf(options, SHOP);
    expect(address.pathname).toBe("/w/app_1");
    const query = Object.fromEntries(address.searchParams);
    expect(query).toMatchObject({ orderId: "A&1", empty: "", key: "wk_1", session: "st_1" });
    expect(query.origin).toBe(SHOP);
  });

  it("has no session that a function gives", () => {
    const address = addressOf({ ...OPTIONS, session: () => "st_1" }, SHOP);
    expect(address.searchParams.get("session")).toBe("");
  });

  it.each(["app", "key", "host"])("needs %s", (name) => {
    expect(() => addressOf({ ...OPTIONS, [name]: undefined }, SHOP)).toThrow("must be given");
  });

  it.each([
    [{ orderId: 5 }, '"orderId" needs a text'],
    [{ orderId: null }, '"orderId" needs a text'],
    [{ orderId: { a: 1 } }, '"orderId" needs a text'],
    [{ orderId: true }, '"orderId" needs a text'],
    [{ orderId: undefined }, '"orderId" needs a text'],
    [{ lang: "de" }, '"lang" is reserved'],
    [{ session: "st_1" }, '"session" is reserved'],
    [{ origin: "https://evil.example" }, '"origin" is reserved'],
    [{ preview: "1" }, '"preview" is reserved'],
    [[5], '"0" needs a text'],
  ])("is not made with the context %j, whose key is named", (context, sentence) => {
    expect(() => addressOf({ ...OPTIONS, context: context as never }, SHOP)).toThrow(sentence);
  });
});

describe("a change of the context", () => {
  it("adds, replaces and takes out", () => {
    const before = { orderId: "A-1", tier: "gold" };
    expect(patched(before, { orderId: "A-2", tier: null, name: "" })).toEqual({
      orderId: "A-2",
      name: "",
    });
  });
});
