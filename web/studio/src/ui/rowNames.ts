/** Rows that become a map by their names: of two with one name, one would be lost. */

import { t } from "../texts/index.ts";

/** What is wrong with the name of a row; null: nothing. A row that is empty as a whole is none. */
export function nameFault(names: readonly string[], index: number, isUsed: boolean): string | null {
  const name = names[index] ?? "";
  if (name.trim() === "") return isUsed ? t.ui.nameMissing : null;
  return names.indexOf(name) < index ? t.ui.nameTwice : null;
}
