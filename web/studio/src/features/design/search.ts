/** What the designer keeps in its address. */

import { kept, oneOf, type Search, text } from "../../search.ts";
import { ALL_EXAMPLES } from "./canvas/scenes.ts";
import { STATES } from "./core/document.ts";

export const TABS = ["block", "theme", "languages", "words"] as const;
export type Tab = (typeof TABS)[number];

export const designSearch = (search: Search) =>
  kept({
    state: oneOf(STATES, search.state),
    example: oneOf(ALL_EXAMPLES, search.example),
    language: text(search.language),
    scheme: oneOf(["light", "dark"] as const, search.scheme),
    size: oneOf(["phone", "desktop"] as const, search.size),
    tab: oneOf(TABS, search.tab),
    block: text(search.block),
  });

export type DesignSearch = ReturnType<typeof designSearch>;
