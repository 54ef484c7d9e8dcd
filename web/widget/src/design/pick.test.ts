// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import type { CallState } from "../state.ts";
import { locate, pickIn } from "./pick.ts";
import type { Scene } from "./scene.ts";

const BLOCKS = [
  { type: "heading", text: { en: "Call us" } },
  {
    type: "paragraph",
    rich: { en: [{ text: "See our " }, { text: "answers", href: "https://shop.example" }] },
  },
  { type: "call", label: { en: "Call us" }, hint: { en: "It is free" } },
  { type: "form", fields: [{ name: "a", kind: "text", label: { en: "Your name" } }] },
];

const scene = {
  state: { name: "idle", elsewhere: false } satisfies CallState,
  shown: {
    design: { languages: ["en"], texts: {}, states: { idle: BLOCKS } },
    designVersion: null,
    consentHashes: {},
  },
  t: { language: "en" },
  language: "en",
} as unknown as Scene;

function show(html: string): void {
  document.body.innerHTML = html;
}

const HTML = `<main><h1><span>Call us</span></h1>
  <p class="rich">See our <a href="https://shop.example">answers</a></p>
  <button><svg></svg><span>Call us</span></button><p>It is free</p>
  <label>Your name <small>optional</small></label><i>nothing of the design</i></main>`;

const at = (selector: string) => document.querySelector(selector) as Element;

afterEach(() => show(""));

describe("what was tapped", () => {
  it.each([
    ["h1", 0, ["text"]],
    ["h1 span", 0, ["text"]],
    [".rich", 1, ["rich"]],
    ["a", 1, ["rich"]],
    ["button", 2, ["label"]],
    ["svg", 2, ["label"]],
    ["button + p", 2, ["hint"]],
  ])(
    "in %s is found by what it says, and by what says the same before it",
    (selector, block, path) => {
      show(HTML);
      const found = locate(document, at(selector), scene);
      expect(found?.picked).toMatchObject({ state: "idle", block, path });
    },
  );

  it("is nothing where the design says nothing", () => {
    show(HTML);
    expect(locate(document, at("i"), scene)).toBeNull();
  });

  it("is told instead of what a tap would do, while picking", () => {
    show(HTML);
    const onPick = vi.fn();
    const pressed = vi.fn();
    at("button").addEventListener("click", pressed);
    const picking = pickIn(document, { scene: () => scene, onPick });
    (at("button") as HTMLElement).click();
    expect([pressed.mock.calls.length, onPick.mock.calls.length]).toEqual([1, 0]);
    picking(true);
    (at("button span") as HTMLElement).click();
    expect([pressed.mock.calls.length, onPick.mock.calls.length]).toEqual([1, 1]);
    picking(false);
    (at("button") as HTMLElement).click();
    expect([pressed.mock.calls.length, onPick.mock.calls.length]).toEqual([2, 1]);
  });
});
