// @vitest-environment happy-dom
import { DESIGNS } from "@bellpush/widget/src/testing/designs.ts";
import { expect, test } from "vitest";

import { runHook } from "../../../testing/hook.ts";
import { type Design, opened } from "../core/document.ts";
import { sceneOf } from "./scenes.ts";
import { type Shown, useFrame } from "./useFrame.ts";

const HANDLERS = { onPick: () => {}, onWords: () => {}, onHistory: () => {} };

test("a widget that begins again is told all of what it shows again", async () => {
  const heard: string[] = [];
  const contentWindow = { postMessage: ({ command }: { command: string }) => heard.push(command) };
  const frame = { current: { contentWindow, setAttribute: () => {} } as never };
  const shown: Shown = {
    document: opened(DESIGNS.form as Design),
    scene: sceneOf("idle", undefined),
    language: "en",
    scheme: "light",
  };
  const { act, end } = await runHook((given: Shown) => useFrame(frame, given, HANDLERS), shown);
  const begin = () => {
    const message = new MessageEvent("message", {
      data: { source: "bellpush", version: 1, designer: { name: "ready" } },
      origin: location.origin,
    });
    Object.defineProperty(message, "source", { value: contentWindow });
    dispatchEvent(message);
  };
  expect(heard).toEqual([]);
  await act(begin);
  const all = ["pick", "language", "theme", "design", "show"];
  expect(heard).toEqual(all);
  await act(begin);
  expect(heard).toEqual([...all, ...all]);
  await end();
});
