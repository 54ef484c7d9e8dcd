/** The texts of a design: where each stands, what it says in a language, and which are missing. */

import type { design } from "@bellpush/protocol";

import { type Block, type Design, isRecord, STATES, withBlock } from "./document.ts";

export type Path = readonly (string | number)[];

/** A text of a document: of a block, by its id, or of the theme. */
export interface TextPlace {
  /** null: the path is one of the whole document. */
  readonly block: string | null;
  readonly path: Path;
  /** Spans with marks, by language; else one text. */
  readonly rich: boolean;
}

export interface TextAt extends TextPlace {
  readonly value: design.Text | Readonly<Record<string, readonly design.Span[]>>;
}

/** The texts of a block, in the order in which they are drawn. */
export function textsOf(block: Block): readonly TextAt[] {
  const found: TextAt[] = [];
  const put = (path: Path, value: design.Text | null | undefined) => {
    if (value != null) found.push({ block: block.id, path, rich: false, value });
  };
  const fields = (list: readonly design.Field[]) =>
    list.forEach((field, index) => {
      put(["fields", index, "label"], field.label);
      put(["fields", index, "hint"], field.hint);
      field.options?.forEach((option, at) => {
        put(["fields", index, "options", at, "label"], option.label);
      });
    });
  switch (block.type) {
    case "heading":
      put(["text"], block.text);
      break;
    case "paragraph":
      if (block.rich != null) {
        found.push({ block: block.id, path: ["rich"], rich: true, value: block.rich });
      }
      put(["text"], block.text);
      break;
    case "image":
      put(["alt"], block.alt);
      break;
    case "call":
      put(["label"], block.label);
      put(["hint"], block.hint);
      break;
    case "form":
      put(["title"], block.title);
      fields(block.fields);
      break;
    case "survey":
      block.questions.forEach(({ label }, index) => {
        put(["questions", index, "label"], label);
      });
      put(["comment", "label"], block.comment?.label);
      break;
    case "button":
      put(["label"], block.label);
      break;
    case "hours":
      put(["text"], block.text);
      break;
    case "consent":
      found.push({ block: block.id, path: ["text"], rich: true, value: block.text });
      break;
    case "callback":
      put(["title"], block.title);
      put(["text"], block.text);
      fields(block.fields ?? []);
      break;
    case "divider":
    case "spacer":
      break;
  }
  return found;
}

/** Every text of a document. */
export function allTexts(document: Design): readonly TextAt[] {
  const { logo, launcher } = document.theme;
  const themes: TextAt[] = [];
  if (logo !== null) {
    themes.push({ block: null, path: ["theme", "logo", "alt"], rich: false, value: logo.alt });
  }
  if (launcher.label !== null) {
    const path = ["theme", "launcher", "label"];
    themes.push({ block: null, path, rich: false, value: launcher.label });
  }
  return [
    ...themes,
    ...STATES.flatMap((state) =>
      document.states[state].flatMap((block) => textsOf(block as Block)),
    ),
  ];
}

/** What a text of the design's own says in a language; null for one of the widget's. */
export function ownWords({ value }: TextAt, language: string): string | null {
  if (typeof value === "string") return null;
  const words = value[language];
  return typeof words === "string" ? words : (words ?? []).map(({ text }) => text).join("");
}

/** How much of a design's own texts is there in a language. */
export interface Progress {
  readonly done: number;
  readonly all: number;
  readonly missing: readonly TextAt[];
}

export function progressOf(document: Design, language: string): Progress {
  const own = allTexts(document).filter(({ value }) => typeof value !== "string");
  const missing = own.filter((text) => ownWords(text, language)?.trim() === "");
  return { done: own.length - missing.length, all: own.length, missing };
}

/** The document with a text in other words in one language. */
export function withWords(
  document: Design,
  place: TextPlace,
  language: string,
  words: string,
): Design {
  return changeText(document, place, (value) => {
    if (typeof value === "string" || !isRecord(value)) return value;
    return { ...value, [language]: place.rich ? spansWith(value[language], words) : words };
  });
}

/** The document with another text in this place. */
export function withText(document: Design, place: TextPlace, text: unknown): Design {
  return changeText(document, place, () => text);
}

function changeText(
  document: Design,
  { block: id, path }: Pick<TextPlace, "block" | "path">,
  change: (value: unknown) => unknown,
): Design {
  if (id === null) return setIn(document, path, change) as Design;
  const block = STATES.flatMap((state) => document.states[state]).find((one) => one.id === id);
  return block === undefined ? document : withBlock(document, setIn(block, path, change) as Block);
}

/** Words in place of others: marks stay where there is but one piece. */
function spansWith(before: unknown, text: string): readonly design.Span[] {
  const [only, ...more] = (before ?? []) as readonly design.Span[];
  return text === ""
    ? []
    : [only !== undefined && more.length === 0 ? { ...only, text } : { text }];
}

/** A value with what is at a path changed; what is not there stays away. */
export function setIn(value: unknown, path: Path, change: (inner: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  if (Array.isArray(value)) {
    return typeof key === "number" && key in value
      ? value.map((inner, index) => (index === key ? setIn(inner, rest, change) : inner))
      : value;
  }
  if (!isRecord(value) || (rest.length > 0 && value[key] == null)) return value;
  return { ...value, [key]: setIn(value[key], rest, change) };
}

/** What is at a path. */
export function getIn(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      Array.isArray(inner) || isRecord(inner)
        ? (inner as Readonly<Record<string | number, unknown>>)[key]
        : undefined,
    value,
  );
}

/** The document with one of the widget's own texts in other words, or (empty) in its own again. */
export function withOverride(
  document: Design,
  language: string,
  key: string,
  words: string,
): Design {
  const { [key]: _, ...others } = document.texts[language] ?? {};
  const next = words === "" ? others : { ...others, [key]: words };
  const { [language]: __, ...rest } = document.texts;
  const texts = Object.keys(next).length === 0 ? rest : { ...rest, [language]: next };
  return { ...document, texts };
}
