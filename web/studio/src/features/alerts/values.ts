/** An alert rule as its form holds it, and as the API takes it. */

import type { AlertKind, AlertRuleSettings, AlertRuleView } from "../../api/generated/schema.ts";

export type AlertRuleValues = Omit<Required<AlertRuleSettings>, "quietHours"> & {
  /** Both empty: there are no quiet hours. */
  readonly quietFrom: string;
  readonly quietTo: string;
};

/** All kinds, in the order in which they are offered. */
export const KINDS: readonly AlertKind[] = [
  "call_errors",
  "answer_rate",
  "no_calls",
  "quality",
  "trunk_down",
  "breaker_open",
  "backlog",
];

/** Which fields a kind has, and what its figures are. */
export const SHARES: readonly AlertKind[] = ["call_errors", "answer_rate", "quality"];
export const OF_CALLS: readonly AlertKind[] = [...SHARES, "no_calls"];
export const OF_INTEGRATIONS: readonly AlertKind[] = ["breaker_open", "backlog"];

/** Where the line is unless it is said, and where it is well again. */
export const USUAL: Readonly<Partial<Record<AlertKind, readonly [number, number]>>> = {
  call_errors: [20, 10],
  answer_rate: [50, 60],
  quality: [20, 10],
  backlog: [1_000, 100],
};

/** Where it is well again unless it is said: never on the bad side of the line. */
export function usualRecovery({ kind, threshold }: AlertRuleValues): number | null {
  const usual = USUAL[kind];
  if (usual === undefined) return null;
  const [line, recovery] = usual;
  const worse = kind === "answer_rate" ? Math.max : Math.min;
  return worse(recovery, threshold ?? line);
}

export const kindOf = (word: string | undefined): AlertKind =>
  KINDS.find((kind) => kind === word) ?? "call_errors";

export const newRule = (kind: AlertKind, name: string): AlertRuleValues => ({
  name,
  active: true,
  kind,
  errorCodes: [],
  trunkId: null,
  integrationId: null,
  threshold: null,
  recoveryThreshold: null,
  windowMinutes: kind === "no_calls" ? 60 : 15,
  minSample: 20,
  holdMinutes: 5,
  recoveryMinutes: 5,
  includePreviews: false,
  emails: [],
  quietFrom: "",
  quietTo: "",
});

export function valuesOf(rule: AlertRuleView): AlertRuleValues {
  const usual = newRule(rule.kind, rule.name);
  return {
    name: rule.name,
    active: rule.active ?? usual.active,
    kind: rule.kind,
    errorCodes: rule.errorCodes ?? usual.errorCodes,
    trunkId: rule.trunkId ?? null,
    integrationId: rule.integrationId ?? null,
    threshold: rule.threshold ?? null,
    recoveryThreshold: rule.recoveryThreshold ?? null,
    windowMinutes: rule.windowMinutes ?? usual.windowMinutes,
    minSample: rule.minSample ?? usual.minSample,
    holdMinutes: rule.holdMinutes ?? usual.holdMinutes,
    recoveryMinutes: rule.recoveryMinutes ?? usual.recoveryMinutes,
    includePreviews: rule.includePreviews ?? usual.includePreviews,
    emails: rule.emails ?? usual.emails,
    quietFrom: rule.quietHours?.from ?? "",
    quietTo: rule.quietHours?.to ?? "",
  };
}

/** What a kind does not have is left out: the server would refuse it. */
export function bodyOf({ quietFrom, quietTo, ...values }: AlertRuleValues): AlertRuleSettings {
  const { kind } = values;
  const hasLine = USUAL[kind] !== undefined;
  return {
    ...values,
    errorCodes: kind === "call_errors" ? values.errorCodes : [],
    trunkId: kind === "trunk_down" ? values.trunkId : null,
    integrationId: OF_INTEGRATIONS.includes(kind) ? values.integrationId : null,
    threshold: hasLine ? values.threshold : null,
    recoveryThreshold: hasLine ? values.recoveryThreshold : null,
    quietHours: quietFrom === "" && quietTo === "" ? null : { from: quietFrom, to: quietTo },
  };
}

/** The form's field of a place in the request. */
export function pathOf(pointer: string): string {
  const [field = "", part] = pointer.slice(1).split("/");
  if (field === "quietHours") return part === "to" ? "quietTo" : "quietFrom";
  return field;
}
