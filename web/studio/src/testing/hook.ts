/** A hook of React's, run without a screen. */

import { QueryClientProvider } from "@tanstack/react-query";
import { act, createElement } from "react";
import { createRoot } from "react-dom/client";

import { queryClient } from "../api/client.ts";

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

export interface Hooked<P, R> {
  /** What it has returned last. */
  readonly now: () => R;
  /** Does something, and lets all that follows from it happen. */
  readonly act: (work: () => unknown) => Promise<void>;
  /** Runs it with others. */
  readonly give: (props: P) => Promise<void>;
  readonly end: () => Promise<void>;
}

export async function runHook<P, R>(hook: (props: P) => R, first: P): Promise<Hooked<P, R>> {
  const results: R[] = [];
  function Host({ given }: { readonly given: P }) {
    results.push(hook(given));
    return null;
  }
  const root = createRoot(document.createElement("div"));
  const give = (given: P) => {
    const host = createElement(Host, { given });
    return act(async () =>
      root.render(createElement(QueryClientProvider, { client: queryClient }, host)),
    );
  };
  await give(first);
  return {
    now: () => results.at(-1) as R,
    act: (work) => act(async () => void (await work())),
    give,
    end: () => act(async () => root.unmount()),
  };
}
