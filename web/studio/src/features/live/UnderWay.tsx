/** The calls that are under way. */

import { Badge, Button, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import type { LiveCallView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { duration, exactTime, figure, shortTime } from "../../ui/time.ts";
import { useProfileNames } from "../profiles/queries.ts";
import { type Feed, stageOf } from "./feed.ts";
import classes from "./live.module.css";

interface UnderWayProps {
  readonly appId: string;
  readonly feed: Feed;
  /** Only calls with this in their context, as `key:value`. */
  readonly context: string | undefined;
}

/** Calls that are drawn before it is asked for more. */
const FIRST = 60;

export function UnderWay({ appId, feed, context }: UnderWayProps) {
  const nameOf = useProfileNames(appId);
  const now = useNow();
  const [isWhole, setWhole] = useState(false);
  const calls = feed.calls.filter((call) => fits(call, context));
  const shown = isWhole ? calls : calls.slice(0, FIRST);
  const words = t.live;
  return (
    <Section title={`${words.underWay} · ${figure(calls.length)}`}>
      {calls.length === 0 ? (
        <Text c="dimmed">{words.nobody}</Text>
      ) : (
        <ul className={classes.calls}>
          {shown.map((call) => (
            <li key={call.callId}>
              <Call
                appId={appId}
                call={call}
                profile={nameOf(call.profileId)}
                stage={stageOf(feed, call)}
                now={now}
              />
            </li>
          ))}
        </ul>
      )}
      {shown.length < calls.length && (
        <Group justify="center" mt="md">
          <Button variant="default" size="xs" onClick={() => setWhole(true)}>
            {words.showAll(figure(calls.length))}
          </Button>
        </Group>
      )}
    </Section>
  );
}

function fits({ context }: LiveCallView, pair: string | undefined): boolean {
  if (pair === undefined) return true;
  const colon = pair.indexOf(":");
  return context[pair.slice(0, colon)] === pair.slice(colon + 1);
}

/** The time, once a second. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

interface CallProps {
  readonly appId: string;
  readonly call: LiveCallView;
  readonly profile: string | null;
  readonly stage: ReturnType<typeof stageOf>;
  readonly now: number;
}

function Call({ appId, call, profile, stage, now }: CallProps) {
  const words = t.live;
  const seconds = Math.max(0, Math.floor((now - Date.parse(call.startedAt)) / 1_000));
  const values = Object.values(call.context);
  return (
    <Link
      to="/apps/$appId/calls/$callId"
      params={{ appId, callId: call.callId }}
      className={classes.call}
    >
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <span className={classes.clock}>{duration(seconds)}</span>
        {call.preview && (
          <Badge size="sm" variant="default">
            {t.calls.one.preview}
          </Badge>
        )}
      </Group>
      {stage !== null && (
        <Status tone={stage.phase === "reconnecting" ? "warn" : "good"}>
          {stage.held ? words.held : (words.phases[stage.phase] ?? stage.phase)}
        </Status>
      )}
      <div className="one-line">{profile}</div>
      {values.length > 0 && (
        <Text size="sm" c="dimmed" className="one-line">
          {values.join(" · ")}
        </Text>
      )}
      <Text size="xs" c="dimmed" title={exactTime(call.startedAt)}>
        {words.since(shortTime(call.startedAt))}
      </Text>
    </Link>
  );
}
