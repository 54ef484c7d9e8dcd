/** A profile as its form holds it, and as the API takes it. */

import type { ProfileBody, ProfileView } from "../../api/generated/schema.ts";
import { fromPairs, mapPatch, type Pair, toPairs } from "../../ui/Pairs.tsx";

export interface KeyRow {
  readonly key: string;
  readonly leads: "user" | "profile";
  readonly to: string;
}

export type ProfileValues = Omit<
  Required<ProfileBody>,
  "headers" | "routingKeys" | "to" | "callerName"
> & {
  readonly to: string;
  readonly callerName: string;
  readonly headers: readonly Pair[];
  readonly routingKeys: readonly KeyRow[];
};

export const NEW_PROFILE: ProfileValues = {
  name: "",
  kind: "sip",
  isDefault: false,
  trunkId: null,
  to: "",
  overflow: null,
  hours: null,
  ringTimeoutSeconds: 30,
  maxDurationSeconds: null,
  codecPolicy: "pass_through",
  callerName: "",
  headers: [],
  routingKeys: [],
};

export function valuesOf(profile: ProfileView): ProfileValues {
  return {
    name: profile.name,
    kind: profile.kind,
    isDefault: profile.isDefault,
    trunkId: profile.trunkId ?? null,
    to: profile.to ?? "",
    overflow: profile.overflow ?? null,
    hours: profile.hours ?? null,
    ringTimeoutSeconds: profile.ringTimeoutSeconds ?? 30,
    maxDurationSeconds: profile.maxDurationSeconds ?? null,
    codecPolicy: profile.codecPolicy ?? "pass_through",
    callerName: profile.callerName ?? "",
    headers: toPairs(profile.headers),
    routingKeys: Object.entries(profile.routingKeys ?? {}).map(([key, route]) =>
      "profile" in route
        ? { key, leads: "profile", to: route.profile }
        : { key, leads: "user", to: route.user },
    ),
  };
}

export function bodyOf(values: ProfileValues): ProfileBody {
  const keys = values.routingKeys.filter(({ key }) => key.trim() !== "");
  return {
    ...values,
    to: values.kind === "sip" ? orNull(values.to) : null,
    trunkId: values.kind === "sip" ? values.trunkId : null,
    callerName: orNull(values.callerName),
    headers: fromPairs(values.headers),
    routingKeys: Object.fromEntries(
      keys.map(({ key, leads, to }) => [key, leads === "user" ? { user: to } : { profile: to }]),
    ),
  };
}

/** The body as a merge patch over what is there: keys and headers that are gone are taken out. */
export function patchOf(before: ProfileValues, after: ProfileValues): ProfileBody {
  const [old, next] = [bodyOf(before), bodyOf(after)];
  return {
    ...next,
    headers: mapPatch(old.headers ?? {}, next.headers ?? {}) as ProfileBody["headers"],
    routingKeys: mapPatch(
      old.routingKeys ?? {},
      withoutOtherWay(next.routingKeys ?? {}),
    ) as ProfileBody["routingKeys"],
  };
}

/** A key leads one way: the other one is taken out of what is merged. */
function withoutOtherWay(keys: Readonly<Record<string, Record<string, unknown>>>) {
  return Object.fromEntries(
    Object.entries(keys).map(([key, route]) => [key, { user: null, profile: null, ...route }]),
  );
}

const orNull = (text: string): string | null => (text.trim() === "" ? null : text);
