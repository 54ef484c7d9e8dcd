/** A rehearsal as it goes on: the time that is left, breaker, alerts and attempts, live. */

import { Button, Stack, Text } from "@mantine/core";
import { IconPlayerStop, IconSend } from "@tabler/icons-react";
import { useEffect, useState } from "react";

import { client } from "../../api/client.ts";
import type { RehearsalDetails, RehearsalView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Facts } from "../../ui/Facts.tsx";
import { done, failed } from "../../ui/notify.ts";
import { Section } from "../../ui/Section.tsx";
import { Status, type Tone } from "../../ui/Status.tsx";
import { Loaded } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { duration } from "../../ui/time.ts";
import { Permitted } from "../people/Permitted.tsx";
import { TestCallButton } from "../sessions/TestCallButton.tsx";
import { Alerts } from "./Alerts.tsx";
import { Attempts } from "./Attempts.tsx";
import { refreshRehearsals, useRehearsal } from "./queries.ts";
import { TestCalls } from "./TestCalls.tsx";

interface WatchProps {
  readonly appId: string;
  readonly rehearsal: RehearsalView;
}

const BREAKER_TONES: Readonly<Record<"closed" | "open" | "half_open", Tone>> = {
  closed: "good",
  half_open: "warn",
  open: "bad",
};

export function Watch({ appId, rehearsal }: WatchProps) {
  const details = useRehearsal(appId, rehearsal.id);
  const now = details.data ?? rehearsal;
  const words = t.rehearsals;
  const isOfEndpoint = rehearsal.integrationId != null;
  const left = useSecondsLeft(now.state === "running" ? now.endsAt : null);
  // What is over is seen by the list as well.
  useEffect(() => {
    if (now.state !== rehearsal.state) void refreshRehearsals();
  }, [now.state, rehearsal.state]);
  return (
    <>
      <Section
        title={words.faults[rehearsal.fault][0]}
        lead={
          <Status tone={now.state === "running" ? "bad" : now.state === "over" ? "good" : "warn"}>
            {words.states[now.state]}
            {left !== null && (
              <>
                {" · "}
                <span role="timer">{words.left(duration(left))}</span>
              </>
            )}
          </Status>
        }
        actions={now.state === "running" && <Act appId={appId} rehearsal={rehearsal} />}
      >
        <Stack gap="md">
          {now.state === "recovering" && <Text c="dimmed">{words.recovering}</Text>}
          <Loaded query={details} rows={3}>
            {(loaded) => (
              <Facts
                of={[
                  ...(isOfEndpoint ? lane(loaded) : []),
                  [words.alert, <Alerts key="alert" appId={appId} rehearsal={rehearsal} />],
                ]}
              />
            )}
          </Loaded>
        </Stack>
      </Section>
      {isOfEndpoint ? (
        <Attempts appId={appId} details={details} />
      ) : (
        <TestCalls appId={appId} rehearsal={now} />
      )}
    </>
  );
}

/** How deliveries of previews do, beside what is real. */
function lane({ lane }: RehearsalDetails) {
  const words = t.rehearsals;
  const breaker = lane?.breaker;
  return [
    [
      words.breaker,
      breaker && (
        <span key="breaker" role="status">
          <Status tone={BREAKER_TONES[breaker.state]}>{words.breakers[breaker.state]}</Status>
        </span>
      ),
    ],
    [
      words.failingSince,
      breaker?.failingSince && <Time key="since" value={breaker.failingSince} relative />,
    ],
    [
      words.nextProbe,
      breaker?.nextProbe && <Time key="probe" value={breaker.nextProbe} relative />,
    ],
    [words.waiting, lane && words.waitingEvents(lane.waiting)],
    [words.real, lane && words.realFine],
  ] as const;
}

function Act({ appId, rehearsal }: WatchProps) {
  const [busy, setBusy] = useState(false);
  const words = t.rehearsals;
  const params = { path: { appId, rehearsalId: rehearsal.id } };
  const run = async (act: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await act();
      await refreshRehearsals();
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  };
  const send = (count: number) =>
    run(async () => {
      const { data } = await client.POST("/v1/apps/{appId}/rehearsals/{rehearsalId}/events", {
        params,
        body: { count },
      });
      if (data !== undefined) done(words.sent(data.count, data.event));
    });
  const end = () =>
    run(async () => {
      await client.DELETE("/v1/apps/{appId}/rehearsals/{rehearsalId}", { params });
      done(words.ended);
    });
  return (
    <>
      {rehearsal.integrationId == null ? (
        <TestCallButton
          appId={appId}
          profileId={rehearsal.destinationId ?? undefined}
          label={words.testCall}
          variant="default"
        />
      ) : (
        <>
          <Permitted scope="settings:write" appId={appId}>
            <Button
              variant="default"
              leftSection={<IconSend size={16} />}
              disabled={busy}
              onClick={() => void send(1)}
            >
              {words.send}
            </Button>
          </Permitted>
          <Permitted scope="settings:write" appId={appId}>
            <Button variant="default" disabled={busy} onClick={() => void send(10)}>
              {words.sendMany}
            </Button>
          </Permitted>
        </>
      )}
      <Permitted scope="settings:write" appId={appId}>
        <Button
          leftSection={<IconPlayerStop size={16} />}
          disabled={busy}
          onClick={() => void end()}
        >
          {words.end}
        </Button>
      </Permitted>
    </>
  );
}

/** Counts down to a time; null where there is none. */
function useSecondsLeft(until: string | null): number | null {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (until === null) return;
    const ticking = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(ticking);
  }, [until]);
  return until === null ? null : Math.max(0, Math.ceil((Date.parse(until) - now) / 1_000));
}
