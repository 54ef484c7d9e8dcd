/** One call: what happened to it. */

import { Button, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

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
import { duration, shortTime } from "../../ui/time.ts";
import { useProfileNames } from "../profiles/queries.ts";
import { outcomeOf } from "./outcome.ts";
import { PhoneSystem, QualityTotals } from "./QualityTotals.tsx";
import { type CallStory, useCallStory, useNews } from "./queries.ts";
import { Curves } from "./timeline/Curves.tsx";
import { contextOf, messagesOf } from "./timeline/items.ts";
import { Ladder } from "./timeline/Ladder.tsx";
import { Timeline } from "./timeline/Timeline.tsx";
import { Consent, Survey } from "./Visitor.tsx";

const route = "/frame/apps/$appId/calls/$callId";

export default function Call() {
  const { appId, callId } = useParams({ from: route });
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
      {call?.state === "live" && <Followed appId={appId} callId={callId} onNews={story.refetch} />}
    </Screen>
  );
}

interface FollowedProps {
  readonly appId: string;
  readonly callId: string;
  readonly onNews: () => unknown;
}

/** Shows nothing: as long as it is there, what happens in the call is read at once. */
function Followed({ appId, callId, onNews }: FollowedProps) {
  const read = useCallback(() => void onNews(), [onNews]);
  useNews(appId, callId, read);
  return null;
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
  const { call, items, quality } = story;
  const { hide } = useSearch({ from: route });
  const navigate = useNavigate();
  const words = t.calls.one;
  const context = contextOf(items);
  const messages = useMemo(() => messagesOf(items), [items]);
  const form = Object.entries((call.formValues ?? {}) as Record<string, unknown>);
  return (
    <>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Section title={t.timeline.title} lead={t.timeline.lead}>
          <Timeline
            appId={appId}
            callId={call.id}
            startedAt={call.startedAt}
            items={items}
            hidden={hide ?? []}
            onHide={(hidden) =>
              void navigate({
                to: "/apps/$appId/calls/$callId",
                params: { appId, callId: call.id },
                search: { hide: hidden },
                replace: true,
                resetScroll: false,
              })
            }
          />
          <Recorded story={story} />
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
          {call.quality != null && <QualityTotals quality={call.quality} />}
        </Stack>
      </SimpleGrid>
      {messages.length > 0 && <Ladder appId={appId} callId={call.id} messages={messages} />}
      {quality.length > 0 && <Curves startedAt={call.startedAt} samples={quality} items={items} />}
    </>
  );
}

/** What the server has kept of the call, and for how long. */
function Recorded({ story: { call, recorded } }: { readonly story: CallStory }) {
  const words = t.timeline;
  const until = recorded.until == null ? null : words.kept(shortTime(recorded.until));
  const lines = [
    recorded.kept ? until : call.state === "live" ? null : words.notKept,
    recorded.dropped > 0 ? words.dropped(recorded.dropped) : null,
  ];
  const said = lines.filter((line) => line !== null);
  return (
    said.length > 0 && (
      <Text size="sm" c="dimmed" mt="md">
        {said.join(" ")}
      </Text>
    )
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
