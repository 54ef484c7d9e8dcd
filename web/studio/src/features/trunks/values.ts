/** A trunk as its form holds it, and what well-known systems begin with. */

import type { TrunkBody, TrunkSettings, TrunkView } from "../../api/generated/schema.ts";

export type TrunkValues = Omit<
  Required<TrunkSettings>,
  "username" | "caller" | "callerName" | "assertedIdentity" | "outboundProxy"
> & {
  readonly username: string;
  readonly caller: string;
  readonly callerName: string;
  readonly assertedIdentity: string;
  readonly outboundProxy: string;
  /** Empty: the one that is kept. */
  readonly password: string;
};

const NEW: TrunkValues = {
  name: "",
  domain: "",
  port: null,
  transport: "udp",
  username: "",
  password: "",
  register: false,
  registerContacts: "each",
  registerSeconds: 3_600,
  keepAliveSeconds: 30,
  caller: "",
  callerName: "",
  assertedIdentity: "",
  outboundProxy: "",
  codecs: ["pcma", "pcmu"],
  mediaEncryption: "off",
  mediaLatching: "signalling",
  rewriteContact: true,
  sessionSeconds: null,
  realms: [],
  active: true,
};

/** What differs from a new trunk, by the system at the other end. */
const SYSTEMS: Readonly<Record<string, Partial<TrunkValues>>> = {
  asterisk: { name: "Asterisk", register: true, codecs: ["opus", "pcma", "pcmu"] },
  freeswitch: { name: "FreeSWITCH", register: true, codecs: ["opus", "pcma", "pcmu"] },
  freepbx: { name: "FreePBX", register: true },
  threecx: {
    name: "3CX",
    register: true,
    transport: "tls",
    mediaEncryption: "optional",
    registerSeconds: 120,
  },
  provider: { name: "Provider", register: true, registerSeconds: 600 },
  other: {},
};

export const SYSTEM_NAMES = Object.keys(SYSTEMS);

export const newTrunk = (system: string | undefined): TrunkValues => ({
  ...NEW,
  ...SYSTEMS[system ?? "other"],
});

export function valuesOf(trunk: TrunkView): TrunkValues {
  return {
    name: trunk.name,
    domain: trunk.domain,
    port: trunk.port ?? null,
    transport: trunk.transport ?? NEW.transport,
    username: trunk.username ?? "",
    password: "",
    register: trunk.register ?? NEW.register,
    registerContacts: trunk.registerContacts ?? NEW.registerContacts,
    registerSeconds: trunk.registerSeconds ?? NEW.registerSeconds,
    keepAliveSeconds: trunk.keepAliveSeconds ?? null,
    caller: trunk.caller ?? "",
    callerName: trunk.callerName ?? "",
    assertedIdentity: trunk.assertedIdentity ?? "",
    outboundProxy: trunk.outboundProxy ?? "",
    codecs: trunk.codecs ?? NEW.codecs,
    mediaEncryption: trunk.mediaEncryption ?? NEW.mediaEncryption,
    mediaLatching: trunk.mediaLatching ?? NEW.mediaLatching,
    rewriteContact: trunk.rewriteContact ?? NEW.rewriteContact,
    sessionSeconds: trunk.sessionSeconds ?? null,
    realms: trunk.realms ?? [],
    active: trunk.active ?? NEW.active,
  };
}

const orNull = (text: string): string | null => (text.trim() === "" ? null : text);

export function bodyOf({ password, ...values }: TrunkValues): TrunkBody {
  return {
    ...values,
    username: orNull(values.username),
    caller: orNull(values.caller),
    callerName: orNull(values.callerName),
    assertedIdentity: orNull(values.assertedIdentity),
    outboundProxy: orNull(values.outboundProxy),
    ...(password === "" ? {} : { password }),
  };
}
