/** The kinds of blocks: where each may stand, and what a new one begins with. */

import type { design, State } from "@bellpush/protocol";

import { type Block, blocksIn, type Design, type Kind, MAX_BLOCKS, STATES } from "./document.ts";

interface Rule {
  readonly states: readonly State[];
  /** At most one in a state. */
  readonly single?: boolean;
}

const anywhere: Rule = { states: STATES };

/** The server's rules of places. */
export const RULES: { readonly [K in Kind]: Rule } = {
  heading: anywhere,
  paragraph: anywhere,
  image: anywhere,
  divider: anywhere,
  spacer: anywhere,
  button: anywhere,
  hours: anywhere,
  call: { states: ["idle", "closed", "ended", "survey_submitted", "error"] },
  form: { states: ["idle"] },
  consent: { states: ["idle"], single: true },
  survey: { states: ["survey"], single: true },
  callback: { states: ["closed", "ended", "error"], single: true },
};

export const KINDS = Object.keys(RULES) as readonly Kind[];

/** Why a block of a kind can't come into a state; null when it can. */
export type Refusal = "place" | "single" | "full";

export function refusal(document: Design, kind: Kind, state: State, but?: string): Refusal | null {
  const { states, single } = RULES[kind];
  const others = blocksIn(document, state).filter(({ id }) => id !== but);
  if (!states.includes(state)) return "place";
  if (single === true && others.some(({ type }) => type === kind)) return "single";
  return others.length >= MAX_BLOCKS ? "full" : null;
}

/** The same words in each language, to be put into others. */
export const inAll = (languages: readonly string[], words: string): design.Text =>
  Object.fromEntries(languages.map((language) => [language, words]));

/** Words for what is new, in the console's language. */
export interface NewWords {
  readonly heading: string;
  readonly paragraph: string;
  readonly imageAlt: string;
  readonly fieldLabel: string;
  readonly consent: string;
  readonly question: string;
  readonly button: string;
}

/** A new block; the names of its fields are none of those that are taken. */
export function newBlock(
  kind: Kind,
  id: string,
  { languages }: Design,
  words: NewWords,
  taken: ReadonlySet<string> = new Set(),
): Block {
  const own = (text: string) => inAll(languages, text);
  const rich = (text: string) =>
    Object.fromEntries(languages.map((language) => [language, [{ text }]]));
  switch (kind) {
    case "heading":
      return { type: kind, id, text: own(words.heading) };
    case "paragraph":
      return { type: kind, id, rich: rich(words.paragraph) };
    case "image":
      return { type: kind, id, src: "https://", alt: own(words.imageAlt) };
    case "divider":
    case "hours":
      return { type: kind, id };
    case "spacer":
      return { type: kind, id, size: "medium" };
    case "call":
      return { type: kind, id, label: "idle.call" };
    case "form":
      return {
        type: kind,
        id,
        title: "form.title",
        fields: [newField(freeField("name", taken), own(words.fieldLabel))],
      };
    case "consent":
      return { type: kind, id, mode: "accept", version: "1", text: rich(words.consent) };
    case "survey":
      return {
        type: kind,
        id,
        style: "stars",
        questions: [{ id: "overall", label: own(words.question) }],
      };
    case "button":
      return {
        type: kind,
        id,
        label: own(words.button),
        effect: { action: "link", url: "https://" },
      };
    case "callback":
      return {
        type: kind,
        id,
        title: "callback.title",
        text: "callback.text",
        contact: "either",
        askTime: true,
      };
  }
}

export const newField = (name: string, label: design.Text): design.Field => ({
  name,
  kind: "text",
  label,
  required: false,
});

/** A name for a field that is not taken. */
export function freeField(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted}${number}`)) number += 1;
  return `${wanted}${number}`;
}

/** The names of all fields of forms before a call, whose values go side by side. */
export function fieldNames(document: Design): ReadonlySet<string> {
  const forms = blocksIn(document, "idle").filter((block) => block.type === "form");
  return new Set(forms.flatMap(({ fields }) => fields.map(({ name }) => name)));
}
