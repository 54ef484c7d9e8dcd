/** Custom code that finds something out. */

import type { Page } from "@playwright/test";

import { messageNamed, type Shop } from "./shop.ts";

/** Runs code in the sandbox, and returns what it found. There `tried(act)` says how an act was refused. */
export async function probe(page: Page, shop: Shop, script: string): Promise<Record<string, unknown>> {
  const body = `<script>
    const tried = async (act) => {
      try { return String(await act()); } catch (error) { return "refused: " + error.name; }
    };
    (async () => { c2c.emit("probe", await (async () => { ${script} })()); })();
  </script>`;
  await shop.change({ customCode: { head: "", body } });
  await shop.open(page);
  const told = await messageNamed(page, "probe");
  const { context: _, ...found } = told.data.event.data;
  return found;
}
