/** A telephone as the far side of a shop's calls. */

import type { Shop } from "./shop.ts";

export interface Trunk {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  readonly transport?: "udp" | "tls";
  /** The codecs that are offered. */
  readonly codecs: readonly string[];
  readonly codecPolicy?: "pass_through" | "opus";
  readonly mediaEncryption?: "off" | "optional" | "required";
}

/** Makes it the shop's default destination; the trunk's id. */
export async function connectTrunk(
  shop: Shop,
  { codecPolicy = "pass_through", ...settings }: Trunk,
): Promise<string> {
  const trunk = await shop.server.api<{ id: string }>("POST", "/v1/trunks", {
    name: "Office",
    domain: "127.0.0.1",
    ...settings,
  });
  await shop.server.api("POST", `/v1/apps/${shop.appId}/destinations`, {
    name: "Desk",
    kind: "sip",
    trunkId: trunk.id,
    to: "desk",
    codecPolicy,
    isDefault: true,
  });
  return trunk.id;
}
