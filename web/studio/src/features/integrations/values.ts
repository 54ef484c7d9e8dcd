/** An integration as its form holds it, and as the API takes it. */

import type {
  IntegrationSettings,
  IntegrationView,
  Preset,
  PresetView,
} from "../../api/generated/schema.ts";
import { fromPairs, mapPatch, type Pair, toPairs } from "../../ui/Pairs.tsx";

export interface IntegrationValues {
  readonly name: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly active: boolean;
  readonly ordered: boolean;
  readonly includePreviews: boolean;
  readonly timeoutSeconds: number;
  readonly headers: readonly Pair[];
  readonly preset: Preset;
  /** Empty: the preset's own. */
  readonly template: string;
  readonly signatures: readonly ("v1" | "v1a")[];
  /** Write-only: sent with a new integration, or when its URL leads elsewhere. */
  readonly secrets: readonly Pair[];
}

export function newIntegration(preset: PresetView | undefined): IntegrationValues {
  return {
    name: preset === undefined || preset.preset === "raw" ? "" : preset.name,
    url: preset?.url ?? "https://",
    events: ["call_started", "call_ended", "call_error", "survey_submitted"],
    active: true,
    ordered: true,
    includePreviews: false,
    timeoutSeconds: 10,
    headers: toPairs(preset?.headers),
    preset: preset?.preset ?? "raw",
    template: preset?.preset === "custom" ? '{ "event": {{ name }}, "data": {{ data }} }' : "",
    signatures: ["v1"],
    secrets: Object.keys(preset?.secrets ?? {}).map((name) => [name, ""] as const),
  };
}

export function valuesOf(integration: IntegrationView): IntegrationValues {
  return {
    name: integration.name,
    url: integration.url,
    events: integration.events ?? [],
    active: integration.active ?? true,
    ordered: integration.ordered ?? true,
    includePreviews: integration.includePreviews ?? false,
    timeoutSeconds: integration.timeoutSeconds ?? 10,
    headers: toPairs(integration.headers),
    preset: integration.payload?.preset ?? "raw",
    template: integration.payload?.template ?? "",
    signatures: integration.signatures ?? ["v1"],
    secrets: [],
  };
}

export function bodyOf(values: IntegrationValues): IntegrationSettings {
  const { headers, preset, template, secrets: _, ...rest } = values;
  return {
    ...rest,
    events: [...values.events],
    signatures: [...values.signatures],
    headers: fromPairs(headers),
    payload: { preset, template: template.trim() === "" ? null : template },
  };
}

/** As a merge patch over what is there: headers that are gone are taken out. */
export function patchOf(before: IntegrationValues, after: IntegrationValues) {
  const body = bodyOf(after);
  const headers = mapPatch(fromPairs(before.headers), fromPairs(after.headers));
  const secrets = filled(after.secrets);
  return {
    ...body,
    headers: headers as Record<string, string>,
    payload: body.payload as Record<string, unknown>,
    ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
  };
}

export const filled = (secrets: readonly Pair[]): Record<string, string> =>
  fromPairs(secrets.filter(([, value]) => value !== ""));

/** The secrets that URL and headers name. */
export function namedSecrets({
  url,
  headers,
}: Pick<IntegrationValues, "url" | "headers">): string[] {
  const texts = [url, ...headers.map(([, value]) => value)];
  const names = texts.flatMap((text) =>
    [...text.matchAll(/\{secret\.([A-Za-z][A-Za-z0-9_]*)\}/g)].map((match) => match[1] ?? ""),
  );
  return [...new Set(names)];
}

/** Whether a URL leads to another place, so that its secrets are needed anew. */
export function leadsElsewhere(before: string, after: string): boolean {
  const place = (url: string) => /^[a-z]+:\/\/[^/?#]*/i.exec(url)?.[0].toLowerCase();
  return place(before) !== place(after);
}
