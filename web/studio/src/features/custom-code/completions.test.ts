import { CompletionContext } from "@codemirror/autocomplete";
import { EditorState } from "@codemirror/state";
import { expect, test } from "vitest";

import { completeC2c } from "./completions.ts";

const offered = (text: string) =>
  completeC2c(new CompletionContext(EditorState.create({ doc: text }), text.length, false));

test("c2c, its members, and the names of events are offered where they belong", () => {
  expect(offered("c")?.options.map(({ label }) => label)).toEqual(["c2c"]);
  expect(offered("c2c.")?.options.map(({ label }) => label)).toContain("emit");
  const names = offered('c2c.on("call_');
  expect(names?.options.map(({ label }) => label)).toContain("call_started");
  expect(names?.from).toBe('c2c.on("'.length);
  expect(offered("const x = 1 + ")).toBeNull();
});
