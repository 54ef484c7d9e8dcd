/** Designs for tests: what the default one is, and publishing another. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Frame, Page } from "@playwright/test";

import { API_KEY } from "./server.ts";
import type { Shop } from "./shop.ts";

export type Block = { readonly type: string; readonly [field: string]: unknown };
export type Design = Record<string, unknown> & { states: Record<string, readonly Block[]> };

const FILE = join(import.meta.dirname, "../../../crates/bellpush-core/schemas/design.default.json");

/** The default design with some states of another content, and other parts. */
export function design(
  states: Record<string, readonly Block[]>,
  more: Record<string, unknown> = {},
): Design {
  const plain = JSON.parse(readFileSync(FILE, "utf8")) as Design;
  return { ...plain, ...more, states: { ...plain.states, ...states } };
}

/** An app, and the server that it is on. */
type Designed = Pick<Shop, "server" | "appId">;

/** Saves a draft, over whatever is there. */
export async function saveDraft(shop: Designed, document: Design): Promise<void> {
  const answer = await fetch(`${shop.server.url}/v1/apps/${shop.appId}/design/draft`, {
    method: "PUT",
    headers: {
      authorization: `Bearer ${API_KEY}`,
      "content-type": "application/json",
      "if-match": "*",
    },
    body: JSON.stringify(document),
  });
  if (!answer.ok) throw new Error(`the draft is refused: ${await answer.text()}`);
}

/** What widgets show from their next load on. */
export async function publish(shop: Designed, document: Design): Promise<void> {
  await saveDraft(shop, document);
  await shop.server.api("POST", `/v1/apps/${shop.appId}/design/publish`, {});
}

/** Every policy that is broken in any document of a page from now on, by what was kept out. */
export async function watchPolicies(page: Page): Promise<string[]> {
  const broken: string[] = [];
  await page.exposeFunction("policyBroken", (what: string) => void broken.push(what));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      const { policyBroken } = window as unknown as { policyBroken: (what: string) => void };
      policyBroken(`${violatedDirective} ${blockedURI}`);
    });
  });
  return broken;
}

/** Tells a widget something as its page. */
export async function tell(widget: Frame, message: Record<string, unknown>): Promise<void> {
  const server = new URL(widget.url()).origin;
  await widget.page().evaluate(
    ({ message, server }) => {
      window.frames[0]?.postMessage({ source: "bellpush", version: 1, ...message }, server);
    },
    { message, server },
  );
}
