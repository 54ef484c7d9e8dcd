// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from "vitest";
import { ownScripts } from "./script.ts";

const LOADER = "https://calls.example/embed.js?app=app_1";

/** How browsers write the trace of an error that the loader makes. */
const TRACES = {
  Chromium: `Error\n    at ${LOADER}:1:9000\n    at https://shop.example/page.js:3:1`,
  "Chromium, in a function": `Error\n    at k (${LOADER}:1:9000)\n    at ${LOADER}:1:1`,
  Firefox: `@${LOADER}:1:9000\n@https://shop.example/page.js:3:1\n`,
  Safari: `k@${LOADER}:1:9000\nglobal code@${LOADER}:1:1`,
};

function add(attributes: Record<string, string>): HTMLScriptElement {
  const script = document.createElement("script");
  // Not run here, whatever it says.
  for (const [name, value] of Object.entries({ type: "module", ...attributes })) {
    script.setAttribute(name, value);
  }
  document.head.append(script);
  return script;
}

afterEach(() => {
  document.head.replaceChildren();
});

describe("the loader's script", () => {
  it("is the one that the browser names, whatever else there is", () => {
    add({ "data-src": "https://calls.example/embed.js", "data-app": "other" });
    const own = { src: LOADER, dataset: { app: "app_2" } } as unknown as HTMLScriptElement;
    const [found, ...more] = ownScripts(own, TRACES.Chromium);
    expect([found?.address.href, { ...found?.data }]).toEqual([LOADER, { app: "app_2" }]);
    expect(more).toEqual([]);
  });

  it.each(Object.entries(TRACES))("is known by its address in a trace of %s", (_, trace) => {
    const [found] = ownScripts(null, trace);
    expect(found?.address.href).toBe(LOADER);
    expect(found?.data).toEqual({});
  });

  it("is nobody's where neither element nor trace names it", () => {
    expect(ownScripts(null, "Error\n    at <anonymous>")).toEqual([]);
    expect(ownScripts(null, "")).toEqual([]);
  });
});
