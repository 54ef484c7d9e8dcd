import { DESIGNS } from "@bellpush/widget/src/testing/designs.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { Problem } from "../../../api/problem.ts";
import { apply, edits } from "../core/arbitrary.ts";
import { type Design, opened } from "../core/document.ts";
import { setTheme } from "../core/operations.ts";
import { withOverride } from "../core/texts.ts";
import { createSession, type Saved, type Session } from "./session.ts";

const FIRST = opened(DESIGNS.form as Design);

/** A server with one draft, that takes a save only of who has the present revision. */
function createServer() {
  let saved: Saved = { document: FIRST, revision: "r0" };
  let count = 0;
  let failure: Problem | null = null;
  let refusal: (() => void) | null = null;
  return {
    saved: () => saved,
    fail: (problem: Problem | null) => {
      failure = problem;
    },
    /** Happens to every save. */
    refuse: (then: (() => void) | null) => {
      refusal = then;
    },
    load: async () => {
      if (failure !== null) throw failure;
      return structuredClone(saved);
    },
    async save(document: Design, revision: string) {
      refusal?.();
      if (failure !== null) throw failure;
      if (revision !== saved.revision) throw new Problem(412, "precondition-failed", "changed");
      count += 1;
      saved = { document: structuredClone(document), revision: `r${count}` };
      return structuredClone(saved);
    },
  };
}

/** An editor whose time is told by hand. */
function editorOf(server: ReturnType<typeof createServer>) {
  const timers = new Set<() => void>();
  const kept: (Design | null)[] = [];
  const session: Session = createSession(server.saved(), {
    load: server.load,
    save: server.save,
    later(_, run) {
      const timer = () => {
        timers.delete(timer);
        run();
      };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    keep: (document) => kept.push(document),
    onMerged: () => undefined,
  });
  const settle = async () => {
    for (let round = 0; round < 6; round += 1) {
      for (const timer of [...timers]) timer();
      for (let tick = 0; tick < 8; tick += 1) await Promise.resolve();
    }
  };
  return { session, settle, kept, present: () => session.view().history.present };
}

const title = (words: string) => (document: Design) =>
  withOverride(document, "en", "idle.title", words);

describe("a draft", () => {
  test("is saved by itself, which is no step of the history", async () => {
    const server = createServer();
    const { session, settle, kept } = editorOf(server);
    session.edit(title("Call us"));
    expect(session.view().saving.name).toBe("waiting");
    await settle();
    expect(session.view().saving.name).toBe("saved");
    expect(server.saved().document.texts).toEqual({ en: { "idle.title": "Call us" } });
    expect(session.view().history.past).toHaveLength(1);
    session.undo();
    await settle();
    expect(server.saved().document).toEqual(FIRST);
    expect(session.view().history.future).toHaveLength(1);
    expect(kept.at(-1)).toBeNull();
  });

  test("stays in this browser while the server can't be reached, and is saved when it can", async () => {
    const server = createServer();
    const { session, settle, kept, present } = editorOf(server);
    server.fail(new Problem(0, "no-answer", "no answer"));
    session.edit(title("Call us"));
    await settle();
    expect(session.view().saving.name).toBe("failed");
    expect(kept.at(-1)).toEqual(present());
    server.fail(null);
    await settle();
    expect(session.view().saving.name).toBe("saved");
    expect(server.saved().document).toEqual(present());
    expect(kept.at(-1)).toBeNull();
  });

  test("is not sent again as it was when the server refuses it", async () => {
    const server = createServer();
    const { session, settle } = editorOf(server);
    server.fail(new Problem(422, "invalid", "no", "/theme/radius"));
    session.edit(title("Call us"));
    await settle();
    server.fail(null);
    await settle();
    expect(session.view().saving.name).toBe("failed");
    session.edit(title("Call me"));
    await settle();
    expect(session.view().saving.name).toBe("saved");
  });

  test("is not sent for ever when it is refused as changed, though nothing is new", async () => {
    const server = createServer();
    const { session, settle, kept, present } = editorOf(server);
    let saves = 0;
    server.refuse(() => {
      saves += 1;
      throw new Problem(412, "precondition-failed", "changed");
    });
    session.edit(title("Call us"));
    await settle();
    expect([session.view().saving.name, saves]).toEqual(["failed", 1]);
    expect(kept.at(-1)).toEqual(present());
    server.refuse(null);
    expect(await session.flush()).toBe(true);
    expect(server.saved().document).toEqual(present());
  });
});

describe("two people at once", () => {
  test("have both of their changes where they are of different parts", async () => {
    const server = createServer();
    const [one, other] = [editorOf(server), editorOf(server)];
    one.session.edit(title("Call us"));
    other.session.edit((document) => setTheme(document, { radius: 2 }));
    await one.settle();
    await other.settle();
    await one.session.refresh();
    expect(one.present()).toEqual(other.present());
    expect(one.present()).toEqual(title("Call us")(setTheme(FIRST, { radius: 2 })));
    other.session.undo();
    await other.settle();
    expect(server.saved().document).toEqual(title("Call us")(FIRST));
  });

  test("are asked about the same part, and nothing is overwritten before", async () => {
    const server = createServer();
    const [one, other] = [editorOf(server), editorOf(server)];
    one.session.edit(title("One"));
    other.session.edit(title("Other"));
    await one.settle();
    await other.settle();
    const { saving } = other.session.view();
    expect(saving).toMatchObject({
      name: "clash",
      clashes: [{ part: ["texts", "en", "idle.title"], mine: "Other", theirs: "One" }],
    });
    expect(await other.session.flush()).toBe(false);
    expect(server.saved().document).toEqual(title("One")(FIRST));
    other.session.resolve(["mine"]);
    await other.settle();
    expect(server.saved().document).toEqual(title("Other")(FIRST));
  });

  test("and whoever reloads see the same in the end", async () => {
    const steps = fc.array(
      fc.record({
        who: fc.nat(1),
        edit: edits(1),
        next: fc.constantFrom("settle", "undo", "wait"),
      }),
      { maxLength: 10 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const server = createServer();
        const both = [editorOf(server), editorOf(server)] as const;
        const decide = ({ session }: (typeof both)[number]) => {
          const { saving } = session.view();
          if (saving.name === "clash") session.resolve(saving.clashes.map(() => "theirs"));
        };
        for (const [index, { who, edit, next }] of list.entries()) {
          const editor = both[who === 0 ? 0 : 1];
          const [change] = edit;
          if (change !== undefined) {
            editor.session.edit((document) => apply(document, change, `${who}-${index}`));
          }
          if (next === "undo") editor.session.undo();
          if (next !== "wait") await editor.settle();
          decide(editor);
        }
        for (let round = 0; round < 4; round += 1) {
          for (const editor of both) {
            await editor.settle();
            await editor.session.refresh();
            decide(editor);
          }
        }
        const reloaded = opened(structuredClone((await server.load()).document));
        for (const editor of both) expect(editor.present()).toEqual(reloaded);
      }),
      { numRuns: 150 },
    );
  });
});
