import { readDesignerCommand } from "@bellpush/widget/src/design/designer.ts";
import { DESIGNS } from "@bellpush/widget/src/testing/designs.ts";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import schema from "../../../../../../crates/bellpush-core/schemas/design.json";
import { isSame } from "../../../editor/merge.ts";
import { apply, applyAll, type Edit, edits, everyBlock, WORDS } from "./arbitrary.ts";
import { blocksIn, type Design, opened, STATES } from "./document.ts";
import { begin, edit, type History, MAX_STEPS, rebase, redo, seal, undo } from "./history.ts";
import { newBlock, RULES } from "./kinds.ts";
import { merge, mergedOrder } from "./merge.ts";
import * as does from "./operations.ts";
import { allTexts, ownWords, progressOf, withOverride, withWords } from "./texts.ts";

const validate = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(
  schema,
);

/** What the schema, and the rules of places beside it, find wrong. */
function faults(document: Design): readonly unknown[] {
  const found: unknown[] = validate(document) ? [] : [...(validate.errors ?? [])];
  const ids = everyBlock(document).map(({ id }) => id);
  if (new Set(ids).size !== ids.length) found.push("an id is there twice");
  const names = blocksIn(document, "idle").flatMap((block) =>
    block.type === "form" ? block.fields.map(({ name }) => name) : [],
  );
  if (new Set(names).size !== names.length) found.push("a field is there twice");
  for (const state of STATES) {
    const kinds = document.states[state].map(({ type }) => type);
    for (const kind of kinds) {
      if (!RULES[kind].states.includes(state)) found.push(`${kind} in ${state}`);
      const several = kinds.filter((one) => one === kind).length > 1;
      if (RULES[kind].single === true && several) found.push(`two ${kind} in ${state}`);
    }
  }
  for (const { value } of allTexts(document)) {
    const foreign = typeof value === "string" ? [] : Object.keys(value);
    if (foreign.some((language) => !document.languages.includes(language))) found.push(value);
  }
  return found;
}

const FIRSTS = [DESIGNS.brand, DESIGNS.form, DESIGNS.blocks].map((one) => opened(one as Design));
const firsts = fc.constantFrom(...FIRSTS);

test("the documents that the tests begin with are valid", () => {
  for (const first of FIRSTS) expect(faults(first)).toEqual([]);
});

/** What can happen to an editor, one after the other. */
type Happening =
  | { readonly name: "edit"; readonly edit: Edit }
  | { readonly name: "undo" | "redo" | "seal" }
  | { readonly name: "remote"; readonly edits: readonly Edit[]; readonly side: "mine" | "theirs" };

const happenings = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ name: fc.constant("edit" as const), edit: oneEdit() }) },
    { weight: 3, arbitrary: fc.record({ name: fc.constantFrom("undo" as const, "redo", "seal") }) },
    {
      weight: 2,
      arbitrary: fc.record({
        name: fc.constant("remote" as const),
        edits: edits(4),
        side: fc.constantFrom("mine" as const, "theirs"),
      }),
    },
  ),
  { maxLength: 20 },
);

function oneEdit() {
  return edits(1)
    .filter((list) => list.length === 1)
    .map((list) => list[0] as Edit);
}

/** Plays what happens; `base` is what the server has. */
function play(first: Design, list: readonly Happening[]): { history: History; base: Design } {
  let history = begin(first);
  let base = first;
  list.forEach((one, index) => {
    switch (one.name) {
      case "edit":
        history = edit(history, apply(history.present, one.edit, `me-${index}`));
        break;
      case "undo":
        history = undo(history);
        break;
      case "redo":
        history = redo(history);
        break;
      case "seal":
        history = seal(history);
        break;
      case "remote": {
        const theirs = applyAll(base, one.edits, `they-${index}`);
        history = rebase(history, base, theirs, () => one.side).history;
        base = theirs;
      }
    }
  });
  return { history, base };
}

describe("any sequence of edits, undos and changes by others", () => {
  test("leaves a valid document, which the preview shows as it is", () => {
    fc.assert(
      fc.property(firsts, happenings, (first, list) => {
        const { present } = play(first, list).history;
        expect(faults(present)).toEqual([]);
        const message = { source: "bellpush", version: 1, command: "design", design: present };
        expect(readDesignerCommand(structuredClone(message))).toEqual({
          command: "design",
          design: present,
        });
      }),
      { numRuns: 300 },
    );
  });

  test("is taken back by undoing everything: what the server has is left", () => {
    fc.assert(
      fc.property(firsts, happenings, (first, list) => {
        let { history, base } = play(first, list);
        while (history.past.length > 0) history = undo(history);
        const isRemote = list.some(({ name }) => name === "remote");
        expect(history.present).toEqual(isRemote ? base : first);
      }),
      { numRuns: 300 },
    );
  });

  test("is done again by redoing everything", () => {
    fc.assert(
      fc.property(firsts, edits(), (first, list) => {
        let history = list.reduce(
          (present, one) => edit(present, apply(present.present, one, "me")),
          begin(first),
        );
        const last = history.present;
        while (history.past.length > 0) history = undo(history);
        while (history.future.length > 0) history = redo(history);
        expect(history.present).toEqual(last);
      }),
    );
  });
});

describe("merging", () => {
  test("takes what only one has changed", () => {
    fc.assert(
      fc.property(firsts, edits(), (first, list) => {
        const changed = applyAll(first, list, "me");
        expect(merge(first, changed, first).document).toEqual(changed);
        expect(merge(first, first, changed).document).toEqual(changed);
        const both = merge(first, changed, changed);
        expect(both.document).toEqual(changed);
        expect(both.clashes).toEqual([]);
      }),
    );
  });

  test("comes to the same document whoever merges, where they agree on each clash", () => {
    fc.assert(
      fc.property(firsts, edits(5), edits(5), (first, one, other) => {
        const [a, b] = [applyAll(first, one, "a"), applyAll(first, other, "b")];
        const here = merge(first, a, b, () => "mine").document;
        const there = merge(first, b, a, () => "theirs").document;
        const ordered = (document: Design) => ({
          ...document,
          languages: [...document.languages].sort(),
          states: Object.fromEntries(
            STATES.map((state) => [state, document.states[state].map(({ id }) => id).sort()]),
          ),
        });
        // Where each put something new in the same place, either may stand first.
        expect(ordered(here)).toEqual(ordered(there));
      }),
    );
  });

  const base = opened(DESIGNS.brand as Design);
  const texts = allTexts(base).filter(
    ({ block, rich, value }) => block !== null && !rich && typeof value !== "string",
  );
  const [one, other] = texts;

  test("joins different parts without a question, and asks about the same one", () => {
    if (one === undefined || other === undefined) throw new Error("the design has texts");
    const language = base.languages[0] ?? "en";
    const mine = withWords(base, one, language, "Mine");
    const apart = merge(base, mine, withWords(base, other, language, "Theirs"));
    expect(apart.clashes).toEqual([]);
    const same = merge(base, mine, withWords(base, one, language, "Theirs"));
    expect(same.clashes).toHaveLength(1);
    expect(same.document).toEqual(mine);
  });

  test("asks about a block that one has taken out and the other has changed", () => {
    if (one?.block == null) throw new Error("the first text is a block's");
    const language = base.languages[0] ?? "en";
    const gone = does.removeBlock(base, one.block);
    const changed = withWords(base, one, language, "Kept");
    const { clashes } = merge(base, gone, changed);
    expect(clashes.map(({ part }) => part)).toEqual([["place", one.block]]);
    expect(merge(base, gone, changed, () => "theirs").document).toEqual(changed);
    expect(merge(base, gone, changed, () => "mine").document).toEqual(gone);
  });

  test("asks whose it is where both have added what can stand there only once", () => {
    const without: Design = { ...base, states: { ...base.states, survey: [] } };
    const survey = (id: string) => newBlock("survey", id, base, WORDS);
    const withOne = (id: string): Design => ({
      ...without,
      states: { ...without.states, survey: [survey(id)] },
    });
    const [mine, theirs] = [withOne("mine"), withOne("theirs")];
    const { clashes } = merge(without, mine, theirs);
    expect(clashes).toMatchObject([
      { part: ["place", "mine"], mine: { id: "mine" }, theirs: { id: "theirs" } },
    ]);
    expect(merge(without, mine, theirs, () => "mine").document).toEqual(mine);
    expect(merge(without, mine, theirs, () => "theirs").document).toEqual(theirs);
  });

  test("keeps both orders where each moved something else", () => {
    expect(mergedOrder(["a", "b", "c", "d"], ["b", "a", "c", "d"], ["a", "b", "d", "c"])).toEqual([
      "b",
      "a",
      "d",
      "c",
    ]);
    expect(mergedOrder(["a", "b"], ["a", "x", "b"], ["a", "b", "y"])).toEqual(["a", "x", "b", "y"]);
  });
});

describe("the history", () => {
  const first = opened(DESIGNS.form as Design);
  const title = (words: string) => withOverride(first, "en", "idle.title", words);

  test("joins letters typed into one field into one step, until another begins", () => {
    let history = begin(first);
    for (const words of ["C", "Ca", "Call"]) history = edit(history, title(words), "title");
    expect(history.past).toHaveLength(1);
    history = edit(seal(history), title("Call us"), "title");
    expect(history.past).toHaveLength(2);
    expect(undo(history).present).toEqual(title("Call"));
  });

  test("is bounded, and only a new edit clears what could be done again", () => {
    let history = begin(first);
    for (let step = 0; step < MAX_STEPS + 20; step += 1) history = edit(history, title(`${step}`));
    expect(history.past).toHaveLength(MAX_STEPS);
    history = undo(undo(history));
    const theirs = does.setTheme(first, { radius: 3 });
    history = rebase(seal(history), first, theirs).history;
    expect(history.future).toHaveLength(2);
    expect(edit(history, history.present).future).toHaveLength(2);
    expect(edit(history, title("New")).future).toEqual([]);
  });
});

test("a language counts as translated by its own texts, and goes with them", () => {
  const first = opened(DESIGNS.form as Design);
  const more = does.addLanguage(first, "ar");
  expect(progressOf(more, "ar").done).toBe(0);
  const done = allTexts(more).reduce((next, text) => withWords(next, text, "ar", "نص"), more);
  expect(progressOf(done, "ar").missing).toEqual([]);
  expect(isSame(does.removeLanguage(done, "ar"), first)).toBe(true);
});

test("a new block has words in each language, and a form names that are free", () => {
  const first = does.addLanguage(opened(DESIGNS.form as Design), "ar");
  const heading = newBlock("heading", "new", first, WORDS);
  const next = does.addBlock(first, "ended", 0, heading);
  expect(allTexts(next).find(({ block }) => block === "new")).toSatisfy((text) =>
    first.languages.every((language) => ownWords(text, language) === WORDS.heading),
  );
  const form = blocksIn(first, "idle").find(({ type }) => type === "form");
  const copied = does.duplicateBlock(first, form?.id ?? "", "copy");
  expect(faults(copied)).toEqual([]);
});
