/** What would happen to a call, as the server's routing says: the chain of profiles, drawn. */

import { Button, Group, Select, Text } from "@mantine/core";
import { IconArrowDown, IconPhoneIncoming, IconPhoneOff } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { client } from "../../api/client.ts";
import type { ChainLinkView, ProfileView, RoutingAnswer } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Instant, Typed } from "../../ui/list/filters.tsx";
import { Status } from "../../ui/Status.tsx";
import { Loaded } from "../../ui/states.tsx";
import { timeInZone, viewerZone } from "../../ui/time.ts";
import { type Question, questionOf } from "./chain.ts";
import classes from "./profiles.module.css";

interface ChainPictureProps {
  readonly appId: string;
  readonly profiles: readonly ProfileView[];
  readonly question: Question;
  readonly onAsk: (question: Question) => void;
  /** Begins at this profile, whatever is asked. */
  readonly from?: string;
}

export function ChainPicture({ appId, profiles, question, onAsk, from }: ChainPictureProps) {
  const words = t.profiles;
  const asked = from === undefined ? question : { ...question, profile: from };
  const answer = useQuery({
    // What is saved of a profile changes the answer.
    queryKey: ["routing", appId, asked, profiles],
    queryFn: async () => {
      const { data } = await client.POST("/v1/apps/{appId}/routing/check", {
        params: { path: { appId } },
        body: questionOf(asked),
      });
      if (data === undefined) throw new Error("the answer is empty");
      return data;
    },
    placeholderData: keepPreviousData,
  });
  const start = profiles.find((one) => (asked.profile ? one.id === asked.profile : one.isDefault));
  const keys = Object.keys(start?.routingKeys ?? {});
  return (
    <>
      <Group align="flex-end" gap="sm" mb="lg">
        <Instant
          label={words.chainAt}
          value={question.at}
          onChange={(at) => onAsk({ ...question, at })}
        />
        <Button
          variant="default"
          onClick={() => onAsk({ ...question, at: undefined })}
          disabled={question.at === undefined}
        >
          {t.hours.testNow}
        </Button>
        {from === undefined && (
          <Select
            label={words.chainProfile}
            data={profiles.map((profile) => ({ value: profile.id, label: profile.name }))}
            placeholder={words.default}
            clearable
            value={question.profile ?? null}
            onChange={(profile) => onAsk({ ...question, profile: profile ?? undefined })}
          />
        )}
        {(keys.length > 0 || question.key !== undefined) && (
          <Typed
            label={words.chainKey}
            placeholder={keys.join(", ")}
            value={question.key}
            onChange={(key) => onAsk({ ...question, key })}
          />
        )}
        <Typed
          label={t.calls.filterContext}
          placeholder={words.chainContextHint}
          value={question.context}
          onChange={(context) => onAsk({ ...question, context })}
        />
        <Typed
          label={words.chainForm}
          placeholder={words.chainFormHint}
          value={question.form}
          onChange={(form) => onAsk({ ...question, form })}
        />
      </Group>
      <Loaded query={answer} rows={4}>
        {(loaded) => (
          <Chain
            appId={appId}
            answer={loaded}
            routingKey={question.key}
            isNow={question.at === undefined}
            isKeyKnown={question.key !== undefined && keys.includes(question.key)}
          />
        )}
      </Loaded>
    </>
  );
}

interface ChainProps {
  readonly appId: string;
  readonly answer: RoutingAnswer;
  readonly routingKey: string | undefined;
  /** No time was chosen. */
  readonly isNow: boolean;
  readonly isKeyKnown: boolean;
}

function Chain({ appId, answer, routingKey, isNow, isKeyKnown }: ChainProps) {
  const words = t.profiles;
  const opens = answer.nextOpening == null ? null : timeInZone(answer.nextOpening, viewerZone);
  return (
    <ol className={classes.chain}>
      <li className={classes.end}>
        <IconPhoneIncoming size={18} stroke={1.6} aria-hidden />
        <span className="foreign">
          {words.begins}
          <Text size="sm" c="dimmed">
            {isNow ? t.hours.testNow : timeInZone(answer.at, viewerZone)}
          </Text>
          {routingKey !== undefined && (
            <Text size="sm" c="dimmed">
              {isKeyKnown ? words.keyLeads(routingKey) : words.unknownKey(routingKey)}
            </Text>
          )}
        </span>
      </li>
      {answer.chain.map((link, index) => (
        <li key={link.profileId}>
          <Arrow words={index === 0 ? null : words.onward} />
          <LinkCard appId={appId} link={link} />
        </li>
      ))}
      <li>
        <Arrow words={words.onward} />
        <div className={classes.end}>
          <IconPhoneOff size={18} stroke={1.6} aria-hidden />
          <span>
            {answer.open ? words.ends : words.closedAll}
            {opens !== null && (
              <Text size="sm" c="dimmed">
                {t.hours.opens(opens)}
              </Text>
            )}
          </span>
        </div>
      </li>
    </ol>
  );
}

function Arrow({ words }: { readonly words: string | null }) {
  return (
    <div className={classes.arrow}>
      <IconArrowDown size={16} stroke={1.6} aria-hidden />
      {words}
    </div>
  );
}

interface LinkCardProps {
  readonly appId: string;
  readonly link: ChainLinkView;
}

function LinkCard({ appId, link }: LinkCardProps) {
  const words = t.profiles;
  const { farSide, open, exception, nextChange } = link;
  const to = farSide.kind === "demo" ? words.callsDemo : words.calls(farSide.to);
  const why = [
    words.hoursFrom[link.hoursFrom],
    exception == null ? null : t.hours.because(exception),
    nextChange == null ? null : t.hours.changes(timeInZone(nextChange, viewerZone)),
  ];
  return (
    <Link
      to="/apps/$appId/profiles/$profileId"
      params={{ appId, profileId: link.profileId }}
      className={classes.hop}
      data-open={open}
    >
      <span className={classes.hopText}>
        <span className={`${classes.hopName} one-line`}>{link.name}</span>
        <Text component="span" size="sm" c="dimmed" className="one-line" display="block">
          {to}
          {farSide.kind === "sip" && ` · ${words.rings(link.ringTimeoutSeconds)}`}
        </Text>
        <Text component="span" size="sm" c="dimmed" className="foreign" display="block">
          {why.filter((part) => part !== null).join(" · ")}
        </Text>
        <Told link={link} />
      </span>
      <Status tone={open ? "good" : "warn"}>{open ? words.open : words.passedOver}</Status>
    </Link>
  );
}

/** What the phone system would be told of the caller. */
function Told({ link: { callerName, headers } }: Pick<LinkCardProps, "link">) {
  const said = [
    ...(callerName == null || callerName === "" ? [] : [`${t.profiles.callerName}: ${callerName}`]),
    ...headers.map(({ name, value }) => `${name}: ${value}`),
  ];
  return (
    said.length > 0 && <span className={`${classes.told} foreign mono`}>{said.join("\n")}</span>
  );
}
