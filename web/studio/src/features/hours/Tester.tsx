/** "Is it open at…?", answered by the server. */

import { Button, Group, Text } from "@mantine/core";

import { api } from "../../api/client.ts";
import type { HoursCheck } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Instant } from "../../ui/list/filters.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { Loaded } from "../../ui/states.tsx";
import { timeInZone } from "../../ui/time.ts";

interface TesterProps {
  readonly appId: string;
  readonly timeZone: string;
  readonly at: string | undefined;
  readonly onAt: (at: string | undefined) => void;
}

export function Tester({ appId, timeZone, at, onAt }: TesterProps) {
  const check = api.useQuery("get", "/v1/apps/{appId}/hours/check", {
    params: { path: { appId }, query: at === undefined ? {} : { at } },
  });
  return (
    <Section title={t.hours.test} lead={t.hours.testLead(timeZone)}>
      <Group align="flex-end" gap="sm" mb="md">
        <Instant label={t.hours.testAt} value={at} onChange={onAt} timeZone={timeZone} />
        <Button variant="default" onClick={() => onAt(undefined)} disabled={at === undefined}>
          {t.hours.testNow}
        </Button>
      </Group>
      <Loaded query={check} rows={1}>
        {(answer) => <Answer answer={answer} timeZone={timeZone} />}
      </Loaded>
    </Section>
  );
}

function Answer({ answer, timeZone }: { readonly answer: HoursCheck; readonly timeZone: string }) {
  const words = t.hours;
  const next = answer.open ? answer.nextChange : answer.nextOpening;
  const after =
    next != null
      ? (answer.open ? words.changes : words.opens)(timeInZone(next, timeZone))
      : answer.open
        ? words.neverChanges
        : words.neverOpens;
  return (
    <div aria-live="polite">
      <Text size="xl" fw={600}>
        <Status tone={answer.open ? "good" : "warn"}>
          {answer.open ? words.isOpen : words.isClosed}
        </Status>
      </Text>
      <Text c="dimmed" className="foreign">
        {timeInZone(answer.at, timeZone)}
        {answer.exception != null && ` · ${words.because(answer.exception)}`}
        {` · ${after}`}
      </Text>
    </div>
  );
}
