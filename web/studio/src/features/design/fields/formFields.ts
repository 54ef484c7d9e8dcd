/** The fields that the form before a call has in a design. */

import { blocksIn, type Design } from "../core/document.ts";

export function formFields(document: Design): ReadonlySet<string> {
  return new Set(
    blocksIn(document, "idle").flatMap((block) =>
      block.type === "form" ? block.fields.map(({ name }) => name) : [],
    ),
  );
}
