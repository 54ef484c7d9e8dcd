/** Every screen of Call Studio, by its name and address. */

import type { Seed } from "./seed.ts";

export function screens(seed: Seed): readonly (readonly [name: string, path: string])[] {
  const { appId, profileId, trunkId, integrationId, failingId, ruleId, callId } = seed;
  const app = `apps/${appId}`;
  const integration = `${app}/integrations/${integrationId}`;
  return [
    ["apps", "apps"],
    ["members", "members"],
    ["rules", "members/sign-in"],
    ["keys", "keys"],
    ["audit", "audit"],
    ["account", "account"],
    ["system", "system"],
    ["overview", app],
    ["calls", `${app}/calls`],
    ["call", `${app}/calls/${callId}`],
    ["live", `${app}/live`],
    ["analytics", `${app}/analytics`],
    ["analytics-table", `${app}/analytics?days=7&table=true&by=browser`],
    ["events", `${app}/events`],
    ["embed", `${app}/embed`],
    ["design", `${app}/design`],
    ["design-theme", `${app}/design?tab=theme&scheme=dark`],
    ["design-languages", `${app}/design?tab=languages`],
    ["design-words", `${app}/design?tab=words&size=desktop`],
    ["design-versions", `${app}/design/versions`],
    ["forms", `${app}/forms`],
    ["code", `${app}/code`],
    ["profiles", `${app}/profiles`],
    ["profile-new", `${app}/profiles/new`],
    ["profile", `${app}/profiles/${profileId}`],
    ["hours", `${app}/hours`],
    ["trunks", `${app}/trunks`],
    ["trunk-new", `${app}/trunks/new?system=threecx`],
    ["trunk", `${app}/trunks/${trunkId}`],
    ["integrations", `${app}/integrations`],
    ["integration-new", `${app}/integrations/new?preset=slack`],
    ["integration", integration],
    ["integration-payload", `${integration}?tab=payload`],
    ["integration-secrets", `${integration}?tab=secrets`],
    ["integration-signing", `${integration}?tab=signing`],
    ["integration-verify", `${integration}?tab=verify`],
    ["integration-rehearsal", `${integration}?tab=rehearsal`],
    ["deliveries", `${app}/deliveries?integration=${failingId}`],
    ["alerts", `${app}/alerts`],
    ["alert-new", `${app}/alerts/new?kind=call_errors`],
    ["alert", `${app}/alerts/${ruleId}`],
    ["settings", `${app}/settings`],
    ["privacy", `${app}/privacy`],
    ["history", `${app}/history`],
    ["not-found", "nothing/at/this/address"],
  ];
}
