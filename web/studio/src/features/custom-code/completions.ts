/** What is offered to whoever writes custom code: `c2c`, and the names of events. */

import { EVENT_NAMES } from "@bellpush/protocol";
import type { CompletionContext, CompletionResult } from "@codemirror/autocomplete";

const MEMBERS = [
  { label: "on", apply: "on(", detail: "(name, handler) → off", type: "method" },
  { label: "once", apply: "once(", detail: "(name, handler) → off", type: "method" },
  { label: "off", apply: "off(", detail: "(name, handler)", type: "method" },
  { label: "emit", apply: "emit(", detail: "(name, data)", type: "method" },
];

export function completeC2c(context: CompletionContext): CompletionResult | null {
  const name = context.matchBefore(/\bc2c\.(on|once|off)\(\s*["'][\w*]*/);
  if (name !== null) {
    const from = name.from + name.text.search(/["'][\w*]*$/) + 1;
    const options = ["*", ...EVENT_NAMES].map((label) => ({ label, type: "constant" }));
    return { from, options, validFor: /^[\w*]*$/ };
  }
  const member = context.matchBefore(/\bc2c\.\w*/);
  if (member !== null) {
    return { from: member.from + "c2c.".length, options: MEMBERS, validFor: /^\w*$/ };
  }
  const word = context.matchBefore(/\w+/);
  return word !== null && "c2c".startsWith(word.text)
    ? { from: word.from, options: [{ label: "c2c", detail: "the widget", type: "variable" }] }
    : null;
}
