// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { addressOf, readScript } from "./options.ts";

function script(attributes: Record<string, string>): HTMLScriptElement {
  const element = document.createElement("script");
  for (const [name, value] of Object.entries({
    src: "https://calls.example/embed.js",
    ...attributes,
  })) {
    element.setAttribute(name, value);
  }
  return element;
}

describe("the script's attributes", () => {
  it("name app, key and where the server is", () => {
    const read = readScript(script({ "data-app": "app_1", "data-key": "wk_1" }));
    expect(read).toEqual({
      mount: null,
      options: { app: "app_1", key: "wk_1", host: "https://calls.example", context: {} },
    });
  });

  it("give the context as JSON, one by one, or both", () => {
    const read = readScript(
      script({
        "data-app": "app_1",
        "data-key": "wk_1",
        "data-context": '{"orderId":"A-1","tier":"gold"}',
        "data-context-order-id": "A-2",
        "data-mount": "#call",
        "data-theme": "dark",
        "data-lang": "pt-BR",
      }),
    );
    expect(read).toMatchObject({
      mount: "#call",
      options: { context: { orderId: "A-2", tier: "gold" }, theme: "dark", lang: "pt-BR" },
    });
  });

  it("without app or key ask for nothing", () => {
    expect(readScript(script({ "data-app": "app_1" }))).toBeNull();
  });

  it("with a context that is no JSON are refused by a sentence", () => {
    const broken = script({ "data-app": "a", "data-key": "k", "data-context": "{orderId}" });
    expect(() => readScript(broken)).toThrow("data-context is not a JSON object");
  });
});

describe("the widget's address", () => {
  it("carries context, settings and the page's origin", () => {
    const options = { app: "app_1", key: "wk_1", context: { orderId: "A&1" }, session: "st_1" };
    const address = new URL(addressOf(options, "https://calls.example", "https://shop.example"));
    expect(address.pathname).toBe("/w/app_1");
    expect(Object.fromEntries(address.searchParams)).toEqual({
      orderId: "A&1",
      key: "wk_1",
      session: "st_1",
      origin: "https://shop.example",
    });
  });

  it("does not let a context stand in for a setting", () => {
    const context = { key: "stolen", origin: "https://evil.example", session: "st_forged" };
    const options = { app: "app_1", key: "wk_1", context };
    const address = new URL(addressOf(options, "https://calls.example", "https://shop.example"));
    expect(address.searchParams.getAll("key")).toEqual(["wk_1"]);
    expect(address.searchParams.getAll("origin")).toEqual(["https://shop.example"]);
    expect(address.searchParams.has("session")).toBe(false);
  });
});
