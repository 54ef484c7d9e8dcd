/** The alert rules that see a rehearsal, and how they stand. */

import { Stack, Text } from "@mantine/core";

import type { AlertRuleView, RehearsalView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { TextLink } from "../../ui/links.tsx";
import { Loaded } from "../../ui/states.tsx";
import { useAlertRules } from "../alerts/queries.ts";
import { RuleStatus } from "../alerts/status.tsx";

interface AlertsProps {
  readonly appId: string;
  readonly rehearsal: RehearsalView;
}

export function Alerts({ appId, rehearsal }: AlertsProps) {
  const rules = useAlertRules(appId);
  const words = t.rehearsals;
  return (
    <Loaded query={rules} rows={1}>
      {({ items }) => {
        const seeing = items.filter((rule) => sees(rule, rehearsal));
        return seeing.length === 0 ? (
          <Text span>
            {words.noAlert}.{" "}
            <TextLink to="/apps/$appId/alerts" params={{ appId }} underline="always">
              {words.alertLead}
            </TextLink>
          </Text>
        ) : (
          <Stack gap="xs">
            {seeing.map((rule) => (
              <div key={rule.id}>
                <TextLink
                  to="/apps/$appId/alerts/$ruleId"
                  params={{ appId, ruleId: rule.id }}
                  className="foreign"
                >
                  {rule.name}
                </TextLink>
                <RuleStatus rule={rule} />
              </div>
            ))}
          </Stack>
        );
      }}
    </Loaded>
  );
}

/** Whether what is rehearsed can make a rule fire. */
function sees(rule: AlertRuleView, { integrationId }: RehearsalView): boolean {
  if (rule.includePreviews !== true || rule.active === false) return false;
  return integrationId == null
    ? rule.kind === "call_errors" || rule.kind === "answer_rate"
    : rule.kind === "breaker_open" && [null, undefined, integrationId].includes(rule.integrationId);
}
