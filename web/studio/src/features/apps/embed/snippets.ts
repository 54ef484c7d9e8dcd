/** What is put into a page to show the widget, with an app's own values. */

export interface EmbedValues {
  /** The server's origin. */
  readonly host: string;
  readonly appId: string;
  readonly key: string;
  readonly context: readonly (readonly [key: string, value: string])[];
  readonly options?: EmbedOptions;
}

export const POSITIONS = ["bottom-right", "bottom-left", "top-right", "top-left"] as const;
export const THEMES = ["light", "dark"] as const;

/** What a page chooses; without it the widget chooses by itself. */
export interface EmbedOptions {
  readonly position?: (typeof POSITIONS)[number];
  readonly label?: string;
  readonly theme?: (typeof THEMES)[number];
  readonly lang?: string;
}

export const SNIPPET_KINDS = [
  "script",
  "place",
  "iframe",
  "react",
  "vue",
  "wordpress",
  "shopify",
  "gtm",
  "policy",
] as const;

export type SnippetKind = (typeof SNIPPET_KINDS)[number];

/** The options that have a place in each kind. */
export function optionsOf(kind: SnippetKind): readonly (keyof EmbedOptions)[] {
  switch (kind) {
    case "policy":
      return [];
    case "script":
    case "wordpress":
    case "shopify":
    case "gtm":
      return ["position", "label", "theme", "lang"];
    default:
      return ["theme", "lang"];
  }
}

/** Text for a double-quoted attribute of HTML. */
const attribute = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** The options that were chosen and have a place, as names with texts. */
function chosen(kind: SnippetKind, { options = {} }: EmbedValues): (readonly [string, string])[] {
  return optionsOf(kind).flatMap((name) => {
    const value = options[name]?.trim();
    return value ? [[name, value] as const] : [];
  });
}

export function snippet(kind: SnippetKind, values: EmbedValues): string {
  const { host, appId, key, context } = values;
  const json = JSON.stringify(Object.fromEntries(context));
  const has = context.length > 0;
  const options = chosen(kind, values);
  switch (kind) {
    case "script":
      return tag(values, options);
    case "place":
      return `<div id="call"></div>\n${tag(values, [["mount", "#call"], ...options])}`;
    case "iframe": {
      const query = new URLSearchParams([
        ["key", key],
        ...options.map(([name, value]) => [name, value]),
        ...context.map(([name, value]) => [name, value]),
      ]);
      return [
        "<iframe",
        `  src="${attribute(`${host}/w/${appId}?${query}`)}"`,
        '  allow="microphone; autoplay; clipboard-write; screen-wake-lock"',
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
        ...options.map(([name, value]) => `      ${name}={${JSON.stringify(value)}}`),
        ...(has ? [`      context={${json}}`] : []),
        "    />",
        "  );",
        "}",
      ].join("\n");
    case "vue":
      return [
        "<script setup>",
        'import { Bellpush } from "@bellpush/embed/vue";',
        ...(has ? [`const context = ${json.replaceAll("<", "\\u003c")};`] : []),
        "</script>",
        "",
        "<template>",
        "  <Bellpush",
        `    host="${host}"`,
        `    app="${appId}"`,
        `    widget-key="${key}"`,
        ...options.map(([name, value]) => `    ${name}="${attribute(value)}"`),
        ...(has ? ['    :context="context"'] : []),
        "  />",
        "</template>",
      ].join("\n");
    case "wordpress":
      return [
        "add_action( 'wp_footer', function () {",
        "  ?>",
        // PHP reads its own marks wherever they stand.
        tag(values, options).replaceAll("<?", "&lt;?").replaceAll("?>", "?&gt;"),
        "  <?php",
        "} );",
      ].join("\n");
    case "shopify": {
      const script = tag(values, options);
      // What Liquid would take for its own.
      return /\{[{%]/.test(script) ? `{% raw %}\n${script}\n{% endraw %}` : script;
    }
    case "gtm": {
      const query = new URLSearchParams([
        ["app", appId],
        ["key", key],
        ...options.map(([name, value]) => [name, value]),
        ...context.map(([name, value]) => [name, value]),
      ]);
      return `<script async src="${attribute(`${host}/embed.js?${query}`)}"></script>`;
    }
    case "policy":
      return [
        `Content-Security-Policy: frame-src ${host}; script-src 'self' ${host}`,
        `Permissions-Policy: microphone=(self "${host}"), autoplay=(self "${host}"), clipboard-write=(self "${host}"), screen-wake-lock=(self "${host}")`,
      ].join("\n\n");
  }
}

function tag(
  { host, appId, key, context }: EmbedValues,
  options: readonly (readonly [string, string])[],
): string {
  const more = options.map(([name, value]) => ` data-${name}="${attribute(value)}"`).join("");
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
