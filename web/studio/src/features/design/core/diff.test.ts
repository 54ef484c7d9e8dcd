import { DESIGNS } from "@bellpush/widget/src/testing/designs.ts";
import fc from "fast-check";
import { expect, test } from "vitest";

import { isSame } from "../../../editor/merge.ts";
import { applyAll, edits } from "./arbitrary.ts";
import { differences } from "./diff.ts";
import { type Design, opened } from "./document.ts";
import { moveBlock, removeBlock, setColor } from "./operations.ts";

const FIRST = opened(DESIGNS.form as Design);

test("there is a difference exactly where documents differ", () => {
  fc.assert(
    fc.property(edits(), (list) => {
      const next = applyAll(FIRST, list, "me");
      expect(differences(FIRST, next).length > 0).toBe(!isSame(FIRST, next));
    }),
  );
});

test("each is told by its screen and its part", () => {
  const id = FIRST.states.ended[0]?.id ?? "";
  const found = (next: Design) =>
    differences(FIRST, next).map(({ screen, what, part }) => [screen, what, part]);
  expect(found(setColor(FIRST, "dark", "accent", "#ffffff"))).toEqual([
    ["theme", "changed", "dark accent"],
  ]);
  expect(found(removeBlock(FIRST, id))).toEqual([["ended", "removed", ""]]);
  expect(found(moveBlock(FIRST, id, "ended", 2))).toEqual([["ended", "moved", ""]]);
  expect(found(moveBlock(FIRST, id, "closed", 0))).toEqual([["closed", "moved", ""]]);
});
