/** How an alert rule stands, in a word and a mark. */

import { Text } from "@mantine/core";

import type { AlertRuleView, StateName } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Status, type Tone } from "../../ui/Status.tsx";
import { Time } from "../../ui/Time.tsx";
import { shortTime } from "../../ui/time.ts";

const TONES: Readonly<Record<StateName, Tone>> = {
  no_data: "none",
  normal: "good",
  pending: "warn",
  firing: "bad",
  recovering: "warn",
};

export function RuleStatus({ rule }: { readonly rule: AlertRuleView }) {
  const { state, since, silencedUntil } = rule.status;
  const words = t.alerts;
  if (rule.active === false) return <Status tone="none">{words.off}</Status>;
  return (
    <div>
      <Status tone={TONES[state]}>
        {words.states[state]}
        {since != null && (
          <>
            {" "}
            <Time value={since} relative />
          </>
        )}
      </Status>
      {silencedUntil != null && (
        <Text size="sm" c="dimmed">
          {words.silencedUntil(shortTime(silencedUntil))}
        </Text>
      )}
    </div>
  );
}
