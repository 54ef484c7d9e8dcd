// @vitest-environment happy-dom
import { act, createElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { expect, it, vi } from "vitest";
import { Bellpush } from "../frameworks/react.ts";
import type { Handle } from "./index.ts";

vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

it("a component gives its handle and takes it back, whatever the page's function returns", async () => {
  const given: (Handle | null)[] = [];
  const keep = { handle: null as Handle | null };
  const page = (lang: string) =>
    createElement(
      StrictMode,
      null,
      createElement("h1", null, "Shop"),
      createElement(Bellpush, {
        ...{ app: "app_1", widgetKey: "wk_1", host: "https://calls.example", lang },
        // What is returned here is no clean-up.
        onHandle(handle) {
          given.push(handle);
          keep.handle = handle;
          return handle;
        },
      }),
    );
  const root = createRoot(document.body.appendChild(document.createElement("div")));
  await act(async () => root.render(page("en")));
  await act(async () => root.render(page("de")));
  expect(document.body.textContent).toContain("Shop");
  expect(keep.handle?.state.name).toBe("idle");
  expect(given).toHaveLength(1);
  await act(async () => root.unmount());
  expect(given).toEqual([expect.anything(), null]);
});
