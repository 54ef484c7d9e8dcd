/** The way of a call from profile to profile, as the server's routing goes it. */

import type { ProfileView } from "../../api/generated/schema.ts";

export interface Hop {
  readonly profile: ProfileView;
  /** The extension that the routing key names in place of the profile's own. */
  readonly user: string | null;
}

export interface Chain {
  readonly start: ProfileView;
  /** Whether the first profile knows the routing key. */
  readonly keyIsKnown: boolean;
  readonly hops: readonly Hop[];
}

/** Profiles along one way, at most. */
const MOST_HOPS = 8;

export function chainOf(
  profiles: readonly ProfileView[],
  profileId: string | undefined,
  key: string | undefined,
): Chain | null {
  const byId = new Map(profiles.map((profile) => [profile.id, profile]));
  const start =
    (profileId === undefined ? undefined : byId.get(profileId)) ??
    profiles.find((profile) => profile.isDefault);
  if (start === undefined) return null;
  const route = key === undefined ? undefined : start.routingKeys?.[key];
  const led = route !== undefined && "profile" in route ? byId.get(route.profile) : undefined;
  const user = route !== undefined && "user" in route ? route.user : null;
  const hops: Hop[] = [];
  const seen = new Set<string>();
  let next: ProfileView | undefined = led ?? start;
  while (next !== undefined && hops.length < MOST_HOPS && !seen.has(next.id)) {
    seen.add(next.id);
    hops.push({ profile: next, user: hops.length === 0 ? user : null });
    next = next.overflow == null ? undefined : byId.get(next.overflow);
  }
  return { start, keyIsKnown: route !== undefined, hops };
}

/** All routing keys of some profiles. */
export const keysOf = (profiles: readonly ProfileView[]): readonly string[] => [
  ...new Set(profiles.flatMap((profile) => Object.keys(profile.routingKeys ?? {}))),
];
