import { expect, test } from "vitest";

import { t } from "../texts/index.ts";
import { nameFault } from "./rowNames.ts";

const faultsOf = (...rows: readonly (readonly [name: string, isUsed: boolean])[]) => {
  const names = rows.map(([name]) => name);
  return rows.map(([, isUsed], index) => nameFault(names, index, isUsed));
};

test("the second row of a name is at fault, and what has a value has to have a name", () => {
  expect(faultsOf(["vip", true], ["other", true], ["vip", true])).toEqual([
    null,
    null,
    t.ui.nameTwice,
  ]);
  expect(faultsOf(["", true], [" ", true], ["", false])).toEqual([
    t.ui.nameMissing,
    t.ui.nameMissing,
    null,
  ]);
});
