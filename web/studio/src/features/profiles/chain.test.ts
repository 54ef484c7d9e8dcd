import { expect, test } from "vitest";

import type { ProfileView } from "../../api/generated/schema.ts";
import { chainOf, keysOf } from "./chain.ts";

const profile = (id: string, more: Partial<ProfileView> = {}): ProfileView => ({
  id,
  name: id,
  kind: "demo",
  isDefault: false,
  ...more,
});

const profiles = [
  profile("sales", {
    isDefault: true,
    overflow: "support",
    routingKeys: { vip: { user: "101" }, help: { profile: "support" } },
  }),
  profile("support", { overflow: "sales" }),
];

const names = (chain: ReturnType<typeof chainOf>) => chain?.hops.map((hop) => hop.profile.id);

test("a call goes from the default profile along the overflow, and never in a circle", () => {
  expect(names(chainOf(profiles, undefined, undefined))).toEqual(["sales", "support"]);
});

test("a routing key leads to another profile, or to another extension of the same", () => {
  expect(names(chainOf(profiles, undefined, "help"))).toEqual(["support", "sales"]);
  expect(chainOf(profiles, undefined, "vip")?.hops[0]?.user).toBe("101");
  expect(chainOf(profiles, undefined, "vip")?.hops[1]?.user).toBeNull();
});

test("a key that the first profile does not know changes nothing, and is told", () => {
  const chain = chainOf(profiles, "support", "vip");
  expect(names(chain)).toEqual(["support", "sales"]);
  expect(chain?.keyIsKnown).toBe(false);
  expect(keysOf(profiles)).toEqual(["vip", "help"]);
});
