/** Making an app as a person means it: a site's address, as it stands in the address bar, is enough. */

import { client } from "../../api/client.ts";
import type { AppView } from "../../api/generated/schema.ts";
import { refreshApps } from "./queries.ts";

/** The origin of what was typed or pasted: `shop.example/cart` is meant as `https://shop.example`. */
export function originOf(typed: string): string {
  const address = typed.trim();
  const complete = /^[a-z]+:\/\//i.test(address) ? address : `https://${address}`;
  return URL.canParse(complete) ? new URL(complete).origin : address;
}

export async function createApp(of: { name: string; site: string }): Promise<AppView> {
  const allowedOrigins = of.site.trim() === "" ? [] : [originOf(of.site)];
  const { data: app } = await client.POST("/v1/apps", { body: { name: of.name, allowedOrigins } });
  if (app === undefined) throw new Error("the answer is empty");
  await client.POST("/v1/apps/{appId}/widget-keys", { params: { path: { appId: app.id } } });
  await refreshApps();
  return app;
}
