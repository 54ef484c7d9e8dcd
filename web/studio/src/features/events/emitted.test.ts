import { expect, test } from "vitest";

import type { AppView } from "../../api/generated/schema.ts";
import type { Design } from "../design/core/document.ts";
import { emittedBeside, emittedIn, unheardIn } from "./emitted.ts";

const app = {
  customButtons: [
    { label: "Ask", states: ["ended"], action: "emit", name: "asks", data: {} },
    { label: "Shop", states: ["ended"], action: "link", url: "https://shop.example/" },
  ],
} as unknown as AppView;

const states = { idle: [], calling: [], ended: [], survey: [], survey_submitted: [], closed: [] };
const design = {
  states: {
    ...states,
    error: [{ id: "b", type: "button", label: {}, effect: { action: "emit", name: "helps" } }],
  },
} as unknown as Design;

test("code that listens for what nothing emits is told apart from code that hears something", () => {
  const emitted = emittedBeside(app, design);
  const code = `
    c2c.on("call_ended", f); c2c.once('asks', f); c2c.on(\`helps\`, f); c2c.on("*", f);
    c2c.on("call_endedd", f); c2c.once("call_endedd", f); c2c.on("own", f);
    c2c.on(name, f); c2c.off("never", f); c2c.emit("own", {}); other.on("thing", f);`;
  expect(unheardIn(code, emitted)).toEqual(["call_endedd", "own"]);
  expect(unheardIn(code, emittedBeside(app, null))).toEqual(["helps", "call_endedd", "own"]);
  expect(emittedIn(code)).toEqual(["own"]);
});
