// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { guardClicks, isSameGesture } from "./gesture.ts";

const FIRST = { at: 1000, x: 100, y: 100, count: 1 };

describe("a second click", () => {
  it.each([
    ["the second of a double click", { at: 1400, x: 102, y: 99, count: 2 }, true],
    ["the third of a triple click", { at: 1300, x: 100, y: 100, count: 3 }, true],
    ["one too soon to be meant, though counted anew", { at: 1150, x: 100, y: 100, count: 1 }, true],
    ["a slow one", { at: 1600, x: 100, y: 100, count: 2 }, false],
    ["one on its own", { at: 1300, x: 100, y: 100, count: 1 }, false],
    ["one elsewhere", { at: 1100, x: 160, y: 100, count: 1 }, false],
  ])("%s: one gesture is %s", (_, click, same) => {
    expect(isSameGesture(FIRST, click)).toBe(same);
  });
});

describe("a click at once after another", () => {
  /** A button under a text that appears at the first press, and what each press met. */
  function form(words: (presses: number) => string) {
    const root = document.createElement("div");
    const button = document.createElement("button");
    const met: string[] = [];
    button.textContent = words(0);
    let top = 100;
    button.getBoundingClientRect = () => new DOMRect(0, top, 100, 20);
    button.addEventListener("click", () => {
      met.push(button.textContent);
      top = 130;
      button.textContent = words(met.length);
    });
    root.append(button);
    document.body.append(root);
    guardClicks(root);
    const press = (clientY: number) =>
      button.dispatchEvent(
        new MouseEvent("click", {
          bubbles: true,
          cancelable: true,
          clientX: 50,
          clientY,
          detail: 1,
        }),
      );
    return { met, press };
  }

  it("presses the same control again, wherever it has moved to", () => {
    const { met, press } = form(() => "Send");
    press(110);
    press(140);
    expect(met).toEqual(["Send", "Send"]);
  });

  it("does not press what the element has become", () => {
    const { met, press } = form((presses) => (presses === 0 ? "Call now" : "Hang up"));
    press(110);
    press(140);
    expect(met).toEqual(["Call now"]);
  });
});
