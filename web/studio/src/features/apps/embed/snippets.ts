/** What is put into a page to show the widget, with an app's own values. */

export interface EmbedValues {
  /** The server's origin. */
  readonly host: string;
  readonly appId: string;
  readonly key: string;
  readonly context: readonly (readonly [key: string, value: string])[];
}

export type SnippetKind = "script" | "place" | "iframe" | "react" | "vue" | "policy";

export const SNIPPET_KINDS: readonly SnippetKind[] = [
  "script",
  "place",
  "iframe",
  "react",
  "vue",
  "policy",
];

/** Text for a double-quoted attribute of HTML. */
const attribute = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

export function snippet(kind: SnippetKind, values: EmbedValues): string {
  const { host, appId, key, context } = values;
  const json = JSON.stringify(Object.fromEntries(context));
  const has = context.length > 0;
  switch (kind) {
    case "script":
      return tag(values, "");
    case "place":
      return `<div id="call"></div>\n${tag(values, ' data-mount="#call"')}`;
    case "iframe": {
      const query = new URLSearchParams([["key", key], ...context.map(([k, v]) => [k, v])]);
      return [
        "<iframe",
        `  src="${attribute(`${host}/w/${appId}?${query}`)}"`,
        '  allow="microphone; autoplay; clipboard-write"',
        '  title="Call" width="380" height="600" style="border:0"></iframe>',
      ].join("\n");
    }
    case "react":
      return [
        'import { Bellpush } from "@bellpush/embed/react";',
        "",
        "export function Call() {",
        "  return (",
        "    <Bellpush",
        `      host="${host}"`,
        `      app="${appId}"`,
        `      widgetKey="${key}"`,
        ...(has ? [`      context={${json}}`] : []),
        "    />",
        "  );",
        "}",
      ].join("\n");
    case "vue":
      return [
        "<script setup>",
        'import { Bellpush } from "@bellpush/embed/vue";',
        ...(has ? [`const context = ${json};`] : []),
        "</script>",
        "",
        "<template>",
        "  <Bellpush",
        `    host="${host}"`,
        `    app="${appId}"`,
        `    widget-key="${key}"`,
        ...(has ? ['    :context="context"'] : []),
        "  />",
        "</template>",
      ].join("\n");
    case "policy":
      return [
        `Content-Security-Policy: frame-src ${host}; script-src 'self' ${host}`,
        `Permissions-Policy: microphone=(self "${host}"), autoplay=(self "${host}"), clipboard-write=(self "${host}"), screen-wake-lock=(self "${host}")`,
      ].join("\n\n");
  }
}

function tag({ host, appId, key, context }: EmbedValues, more: string): string {
  const json = attribute(JSON.stringify(Object.fromEntries(context)));
  const last = context.length > 0 ? `\n        data-context="${json}"` : "";
  return `<script async src="${host}/embed.js"\n        data-app="${appId}" data-key="${key}"${more}${last}></script>`;
}

/** `orderId=A-12345`, one a line, as context. What is no pair is left out. */
export function readContext(typed: string): readonly (readonly [string, string])[] {
  return typed.split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    const [key, value] = [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    return at > 0 && key !== "" ? [[key, value] as const] : [];
  });
}
