/** The design as the server has it now, without loading the page and what is in it anew. */

import type { WidgetConfig } from "@bellpush/protocol";
import type { Shown } from "./scene.ts";

/** null when it can't be had. */
export async function reload(fetch: typeof globalThis.fetch): Promise<Shown | null> {
  try {
    const answer = await fetch(location.href, { credentials: "omit", cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const config = page.getElementById("bellpush-config")?.textContent ?? "";
    const { design, designVersion, consentHashes } = JSON.parse(config) as WidgetConfig;
    return { design, designVersion, consentHashes };
  } catch {
    return null;
  }
}
