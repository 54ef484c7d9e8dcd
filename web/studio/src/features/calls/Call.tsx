/** One call: what happened to it. */

import { Button, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";

import type { CallDetails } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { json } from "../../ui/Code.tsx";
import { save } from "../../ui/download.ts";
import { Facts } from "../../ui/Facts.tsx";
import { Id } from "../../ui/Id.tsx";
import { TextLink } from "../../ui/links.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Section } from "../../ui/Section.tsx";
import { Status } from "../../ui/Status.tsx";
import { Loaded } from "../../ui/states.tsx";
import { Time } from "../../ui/Time.tsx";
import { duration } from "../../ui/time.ts";
import { useProfileNames } from "../profiles/queries.ts";
import { outcomeOf } from "./outcome.ts";
import { PhoneSystem, Quality } from "./Quality.tsx";
import { type CallStory, useCallStory } from "./queries.ts";
import { Timeline } from "./Timeline.tsx";
import { contextOf } from "./timeline.ts";
import { Consent, Survey } from "./Visitor.tsx";

export default function Call() {
  const { appId, callId } = useParams({ from: "/frame/apps/$appId/calls/$callId" });
  const story = useCallStory(appId, callId);
  const call = story.data?.call;
  const outcome = call === undefined ? null : outcomeOf(call);
  return (
    <Screen
      name={`${t.calls.one.title} ${callId}`}
      title={
        outcome === null ? t.calls.one.title : <Status tone={outcome.tone}>{outcome.words}</Status>
      }
      lead={call === undefined ? undefined : <Lead call={call} />}
      actions={
        story.data !== undefined && (
          <Button
            variant="default"
            leftSection={<IconDownload size={16} />}
            onClick={() =>
              save(t.calls.one.exportName(callId), "application/json", json(story.data))
            }
          >
            {t.calls.one.export}
          </Button>
        )
      }
    >
      <Loaded query={story} rows={8}>
        {(loaded) => <Content appId={appId} story={loaded} />}
      </Loaded>
    </Screen>
  );
}

function Lead({ call }: { readonly call: CallDetails }) {
  const words = t.calls.one.lead;
  const who = t.calls.reasons[call.reason ?? ""] ?? "";
  const [, remedy] = t.calls.errors[call.errorCode ?? ""] ?? [];
  if (call.state === "live") return words.live;
  if (call.state === "error") return remedy ?? call.errorCode;
  return call.connectedAt == null
    ? words.unanswered(who)
    : words.talked(duration(call.duration ?? 0), who);
}

function Content({ appId, story }: { readonly appId: string; readonly story: CallStory }) {
  const { call, events } = story;
  const words = t.calls.one;
  const context = contextOf(events);
  const form = Object.entries((call.formValues ?? {}) as Record<string, unknown>);
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
      <Section title={words.timeline} lead={words.timelineLead}>
        <Timeline appId={appId} story={story} />
      </Section>
      <Stack gap="lg">
        <Section title={words.record}>
          <Record appId={appId} call={call} />
        </Section>
        <Section title={words.context}>
          {context.length === 0 ? (
            <Text c="dimmed">{words.noContext}</Text>
          ) : (
            <Facts
              of={context.map(([key, value]) => [
                key,
                <TextLink
                  key={key}
                  to="/apps/$appId/calls"
                  params={{ appId }}
                  search={{ context: `${key}:${value}` }}
                  className="foreign"
                >
                  {value}
                </TextLink>,
              ])}
            />
          )}
        </Section>
        {form.length > 0 && (
          <Section title={words.form}>
            <Facts of={form.map(([name, value]) => [name, String(value)])} />
          </Section>
        )}
        {call.survey != null && <Survey survey={call.survey} />}
        {call.consent != null && <Consent consent={call.consent} />}
        {call.sipFailure != null && <PhoneSystem failure={call.sipFailure} />}
        {call.quality != null && <Quality quality={call.quality} />}
      </Stack>
    </SimpleGrid>
  );
}

function Record({ appId, call }: { readonly appId: string; readonly call: CallDetails }) {
  const nameOf = useProfileNames(appId);
  const words = t.calls.one;
  return (
    <Facts
      of={[
        [words.id, <Id key="id" value={call.id} whole />],
        [t.calls.started, <Time key="at" value={call.startedAt} />],
        [words.connected, call.connectedAt && <Time value={call.connectedAt} />],
        [words.ended, call.endedAt && <Time value={call.endedAt} />],
        [t.calls.duration, call.duration == null ? null : duration(call.duration)],
        [t.calls.profile, nameOf(call.profileId)],
        [t.calls.answeredBy, call.answeredBy === call.profileId ? null : nameOf(call.answeredBy)],
        [words.routingKey, call.routingKey],
        [
          words.trunk,
          call.trunkId && (
            <TextLink to="/apps/$appId/trunks/$trunkId" params={{ appId, trunkId: call.trunkId }}>
              {call.trunkId}
            </TextLink>
          ),
        ],
        [words.sipCallId, call.sipCallId && <Id value={call.sipCallId} whole />],
        [words.session, <Id key="session" value={call.sessionId} whole />],
      ]}
    />
  );
}
