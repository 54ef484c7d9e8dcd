/** Code in Studio's colours, for both themes. */

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const style = HighlightStyle.define([
  { tag: [tags.keyword, tags.tagName, tags.propertyName], color: "var(--studio-accent)" },
  { tag: [tags.string, tags.attributeValue], color: "var(--studio-second)" },
  { tag: [tags.number, tags.bool, tags.null, tags.attributeName], color: "var(--studio-warn)" },
  { tag: tags.comment, color: "var(--mantine-color-dimmed)", fontStyle: "italic" },
]);

const looks = EditorView.theme({
  "&": {
    border: "1px solid var(--mantine-color-default-border)",
    borderRadius: "var(--mantine-radius-md)",
    background: "var(--studio-surface)",
    color: "var(--mantine-color-text)",
    fontSize: "0.8125rem",
  },
  "&.cm-focused": { outline: "2px solid var(--studio-accent)" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", maxHeight: "32rem" },
  ".cm-gutters": {
    background: "var(--studio-raised)",
    color: "var(--mantine-color-dimmed)",
    border: "0",
  },
  ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "transparent" },
  ".cm-changedLine, .cm-insertedLine": { background: "var(--studio-accent-soft) !important" },
  ".cm-deletedChunk": { background: "var(--studio-bad-soft) !important" },
  ".cm-tooltip": {
    background: "var(--studio-surface)",
    color: "var(--mantine-color-text)",
    border: "1px solid var(--mantine-color-default-border)",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    background: "var(--studio-accent-soft)",
    color: "var(--mantine-color-text)",
  },
  ".cm-collapsedLines": {
    background: "var(--studio-raised)",
    color: "var(--mantine-color-dimmed)",
  },
});

export const highlighting = [syntaxHighlighting(style), looks];
