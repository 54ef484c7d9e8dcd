import { expect, test } from "vitest";

import { optionsOf, readContext, SNIPPET_KINDS, snippet } from "./snippets.ts";

const values = {
  host: "https://calls.example.com",
  appId: "app_1",
  key: "wk_1",
  context: [["note", '"quoted" </script><b>']] as const,
};

test("every snippet names the server, and all but the policies the app and its key", () => {
  for (const kind of SNIPPET_KINDS) {
    const text = snippet(kind, { ...values, context: [] });
    expect(text).toContain(values.host);
    if (kind !== "policy") {
      expect(text).toContain("app_1");
      expect(text).toContain("wk_1");
    }
  }
});

test("a value of the context can't leave its place", () => {
  expect(snippet("script", values)).toContain(
    'data-context="{&quot;note&quot;:&quot;\\&quot;quoted\\&quot; &lt;/script>&lt;b>&quot;}"',
  );
  for (const kind of SNIPPET_KINDS.filter((kind) => kind !== "react")) {
    expect(snippet(kind, values), kind).not.toContain("<b>");
  }
  const php = snippet("wordpress", { ...values, context: [["a", "?> <?php evil();"]] });
  expect(php.match(/<\?php|\?>/g)).toEqual(["?>", "<?php"]);
  const liquid = snippet("shopify", { ...values, context: [["a", "{{ shop.secret }}"]] });
  expect(liquid).toMatch(/^\{% raw %\}\n<script[\s\S]+<\/script>\n\{% endraw %\}$/);
});

test("an option stands in each snippet that has a place for it, and empty ones in none", () => {
  const options = {
    position: "top-left",
    label: 'Say "hi"',
    theme: "dark",
    lang: "pt-BR",
  } as const;
  for (const kind of SNIPPET_KINDS) {
    const text = snippet(kind, { ...values, options });
    const has = optionsOf(kind);
    expect(text.includes("top-left"), kind).toBe(has.includes("position"));
    expect(text.includes("hi"), kind).toBe(has.includes("label"));
    expect(text.includes("dark"), kind).toBe(has.includes("theme"));
    expect(text.includes("pt-BR"), kind).toBe(has.includes("lang"));
    expect(snippet(kind, { ...values, options: { label: " ", lang: "" } }), kind).toBe(
      snippet(kind, values),
    );
  }
  expect(snippet("script", { ...values, options })).toContain('data-label="Say &quot;hi&quot;"');
});

test("a tag manager gets everything in the address", () => {
  const text = snippet("gtm", { ...values, context: [["orderId", "A 1&2"]] });
  const src = /src="([^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&") ?? "";
  const { searchParams, pathname } = new URL(src);
  expect(pathname).toBe("/embed.js");
  expect(Object.fromEntries(searchParams)).toEqual({ app: "app_1", key: "wk_1", orderId: "A 1&2" });
});

test("context is read line by line, and what is no pair is left out", () => {
  expect(readContext("orderId = A-1\n\nnonsense\nx=a=b")).toEqual([
    ["orderId", "A-1"],
    ["x", "a=b"],
  ]);
});
