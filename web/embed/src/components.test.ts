import { describe, expect, it } from "vitest";
import { follow, type WidgetListeners, type WidgetProps } from "../frameworks/options.ts";
import type { Handle, WidgetState } from "./index.ts";

const PROPS: WidgetProps = { app: "app_1", widgetKey: "wk_1", host: "https://calls.example" };

/** A widget that a component keeps, and what it was told. */
function setUp(first: Partial<WidgetProps & WidgetListeners>) {
  let props: WidgetProps & WidgetListeners = { ...PROPS, ...first };
  let state = { name: "idle" } as WidgetState;
  const told: unknown[] = [];
  const handlers = new Map<string, (event: unknown) => unknown>();
  const handle = {
    on(name: string, handler: (event: unknown) => unknown) {
      handlers.set(name, handler);
      return () => void handlers.delete(name);
    },
    get state() {
      return state;
    },
    setContext: (patch: object) => told.push(patch),
    setTheme: (theme: string) => told.push(theme),
    setLanguage: (lang: string) => told.push(lang),
  };
  const keep = follow(handle as unknown as Handle, () => props);
  return {
    told,
    handlers,
    give(next: Partial<WidgetProps & WidgetListeners>) {
      props = { ...PROPS, ...next };
      keep();
    },
    becomes(name: WidgetState["name"]) {
      state = { ...state, name };
      handlers.get("state")?.(state);
    },
  };
}

describe("a component", () => {
  it("tells its widget what differs, once", () => {
    const { told, give } = setUp({ context: { cart: "1", tier: "gold" } });
    give({ context: { cart: "2" }, theme: "dark" });
    give({ context: { cart: "2" }, theme: "dark" });
    expect(told).toEqual([{ cart: "2", tier: null }, "dark"]);
  });

  it("tells a context that changes during a call when that is over", () => {
    const { told, give, becomes } = setUp({ context: { cart: "1" } });
    becomes("calling");
    give({ context: { cart: "2" }, lang: "de" });
    give({ context: { cart: "3" }, lang: "de" });
    expect(told).toEqual(["de"]);
    becomes("ended");
    becomes("idle");
    expect(told).toEqual(["de", { cart: "3" }]);
  });

  it("is asked before calls for as long as it answers, from whenever it does", () => {
    const asked: unknown[] = [];
    const { handlers, give } = setUp({});
    expect(handlers.has("beforecall")).toBe(false);
    give({ onBeforeCall: (event) => void asked.push(event) });
    handlers.get("beforecall")?.("a call");
    expect(asked).toEqual(["a call"]);
    give({});
    expect(handlers.has("beforecall")).toBe(false);
  });
});
