/**
 * Choosing by a tap what is to be edited. The widget's elements know nothing of the design: a text is
 * found by what it says, and by how many before it say the same.
 */

import type { design, Picked } from "@bellpush/protocol";
import type { Scene } from "./scene.ts";
import { wordsOf } from "./words.ts";

export interface PickPorts {
  readonly scene: () => Scene | null;
  readonly onPick: (picked: Picked) => void;
}

type Path = readonly (string | number)[];

interface Candidate {
  readonly block: number;
  readonly path: Path | null;
  readonly words: string;
}

/** Listens to taps while picking, and keeps them from all else. */
export function pickIn(document: Document, ports: PickPorts): (picking: boolean) => void {
  let picking = false;
  let marked: HTMLElement | null = null;

  function mark(element: HTMLElement | null): void {
    marked?.style.removeProperty("outline");
    marked = element;
    marked?.style.setProperty("outline", "2px dashed var(--accent)");
    marked?.style.setProperty("outline-offset", "3px");
  }

  const found = (target: EventTarget | null) => {
    const scene = ports.scene();
    return picking && scene !== null && target instanceof Element
      ? locate(document, target, scene)
      : null;
  };
  document.addEventListener("pointerover", ({ target }) => mark(found(target)?.element ?? null));
  document.addEventListener("pointerleave", () => mark(null));
  for (const name of ["pointerdown", "mousedown", "click", "submit", "keydown"]) {
    document.addEventListener(
      name,
      (event) => {
        const isKey = event instanceof KeyboardEvent && !["Enter", " "].includes(event.key);
        if (!picking || isKey) {
          return;
        }
        event.preventDefault();
        event.stopImmediatePropagation();
        const isTap = name === "click" || name === "keydown";
        const place = isTap ? found(event.target) : null;
        if (place !== null) {
          mark(null);
          ports.onPick(place.picked);
        }
      },
      { capture: true },
    );
  }
  return (next) => {
    picking = next;
    mark(null);
  };
}

/** What of the design an element shows. */
export function locate(
  document: Document,
  target: Element,
  scene: Scene,
): { readonly element: HTMLElement; readonly picked: Picked } | null {
  const candidates = candidatesOf(scene);
  const leaf = leafAt(target, new Set(candidates.map(({ words }) => words)));
  if (leaf === null) {
    return null;
  }
  const words = said(leaf);
  const same = [...document.body.querySelectorAll<HTMLElement>("*")].filter(
    (element) => said(element) === words && isLeaf(element, words),
  );
  const matching = candidates.filter((candidate) => candidate.words === words);
  const chosen = matching[same.indexOf(leaf)] ?? matching[0];
  if (chosen === undefined) {
    return null;
  }
  const { x, y, width, height } = leaf.getBoundingClientRect();
  const { font, color, textAlign: align } = getComputedStyle(leaf);
  const { block, path } = chosen;
  const box = { x, y, width, height };
  return {
    element: leaf,
    picked: { state: scene.state.name, block, path, box, font, color, align },
  };
}

/** What an element says, or shows. */
function said(element: Element): string {
  const shown = element instanceof HTMLImageElement ? element.alt : (element.textContent ?? "");
  return shown.replace(/\s+/g, " ").trim();
}

const isLeaf = (element: Element, words: string) =>
  [...element.children].every((child) => said(child) !== words);

/** The innermost element in or around the target that says one of these. */
function leafAt(target: Element, words: ReadonlySet<string>): HTMLElement | null {
  const inside = [...target.querySelectorAll<HTMLElement>("*")];
  const around: HTMLElement[] = [];
  // A tap may be on a part of a sign, which is no element of HTML.
  for (
    let element: Element | null = target;
    element !== null && element !== element.ownerDocument.body;
    element = element.parentElement
  ) {
    if (element instanceof HTMLElement) {
      around.push(element);
    }
  }
  const fits = (element: HTMLElement) => {
    const text = said(element);
    return text !== "" && words.has(text) && isLeaf(element, text);
  };
  // Of several inside, none was meant; a label beside its field is another matter.
  const fitting = inside.filter(fits);
  if (fitting.length === 0) {
    // What a button's sign stands beside.
    fitting.push(...(target.closest("button, a")?.querySelectorAll<HTMLElement>("*") ?? []));
  }
  const only = fitting.filter(fits);
  return around.find(fits) ?? (only.length === 1 ? (only[0] ?? null) : null);
}

function candidatesOf(scene: Scene): readonly Candidate[] {
  const { state, shown } = scene;
  return shown.design.states[state.name].flatMap((block, index) =>
    textsIn(block, []).map(({ path, value }) => ({
      block: index,
      path,
      words: sentence(value, scene).replace(/\s+/g, " ").trim(),
    })),
  );
}

type Words = design.TextKey | { readonly [key: string]: string | readonly design.Span[] };

function sentence(value: Words, scene: Scene): string {
  if (typeof value === "string") {
    return wordsOf(value, scene).text;
  }
  const plain = Object.entries(value).map(([language, words]) => [
    language,
    typeof words === "string" ? words : words.map(({ text }) => text).join(""),
  ]);
  return wordsOf(Object.fromEntries(plain), scene).text;
}

/** Fields of blocks that hold texts, and those that hold more of such. */
const TEXTS = ["text", "rich", "label", "hint", "title", "alt"];
const LISTS = ["fields", "questions", "options", "comment"];

function textsIn(value: unknown, at: Path): readonly { path: Path; value: Words }[] {
  if (Array.isArray(value)) {
    return value.flatMap((inner, index) => textsIn(inner, [...at, index]));
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, inner]) => {
    if (TEXTS.includes(key) && inner) {
      return [{ path: [...at, key], value: inner as Words }];
    }
    return LISTS.includes(key) ? textsIn(inner, [...at, key]) : [];
  });
}
