import { expect, test } from "vitest";

import { readContext, SNIPPET_KINDS, snippet } from "./snippets.ts";

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

test("a value of the context can't leave its attribute", () => {
  expect(snippet("script", values)).toContain(
    'data-context="{&quot;note&quot;:&quot;\\&quot;quoted\\&quot; &lt;/script>&lt;b>&quot;}"',
  );
  expect(snippet("iframe", values)).not.toContain("<b>");
});

test("context is read line by line, and what is no pair is left out", () => {
  expect(readContext("orderId = A-1\n\nnonsense\nx=a=b")).toEqual([
    ["orderId", "A-1"],
    ["x", "a=b"],
  ]);
});
