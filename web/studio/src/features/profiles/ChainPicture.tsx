/** What would happen to a call: the chain of profiles, drawn. */

import { Group, Select, Text, TextInput } from "@mantine/core";
import { IconArrowDown, IconPhoneIncoming, IconPhoneOff } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { api } from "../../api/client.ts";
import type { ProfileView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import { Status } from "../../ui/Status.tsx";
import { viewerZone } from "../../ui/time.ts";
import { instantOf, wallClockOf } from "../../ui/zones.ts";
import { chainOf, type Hop, keysOf } from "./chain.ts";
import classes from "./profiles.module.css";

export interface Question {
  readonly at?: string;
  readonly key?: string;
  readonly profile?: string;
}

interface ChainPictureProps {
  readonly appId: string;
  readonly profiles: readonly ProfileView[];
  readonly question: Question;
  readonly onAsk: (question: Question) => void;
}

export function ChainPicture({ appId, profiles, question, onAsk }: ChainPictureProps) {
  const words = t.profiles;
  const chain = chainOf(profiles, question.profile, question.key);
  const checks = useQueries({
    queries: (chain?.hops ?? []).map(({ profile }) =>
      api.queryOptions("get", "/v1/apps/{appId}/destinations/{destinationId}/hours/check", {
        params: {
          path: { appId, destinationId: profile.id },
          query: question.at === undefined ? {} : { at: question.at },
        },
      }),
    ),
  });
  const open = checks.map((check) => check.data?.open);
  const keys = keysOf(profiles);
  const allClosed = open.length > 0 && open.every((one) => one === false);
  return (
    <>
      <Group align="flex-end" gap="sm" mb="lg">
        <TextInput
          type="datetime-local"
          label={words.chainAt}
          value={question.at === undefined ? "" : wallClockOf(question.at, viewerZone)}
          onChange={(event) => {
            const value = event.currentTarget.value;
            onAsk({ ...question, at: value === "" ? undefined : instantOf(value, viewerZone) });
          }}
        />
        <Select
          label={words.chainProfile}
          data={profiles.map((profile) => ({ value: profile.id, label: profile.name }))}
          placeholder={words.default}
          clearable
          value={question.profile ?? null}
          onChange={(profile) => onAsk({ ...question, profile: profile ?? undefined })}
        />
        {keys.length > 0 && (
          <Select
            label={words.chainKey}
            data={[...keys]}
            placeholder={words.chainKeyNone}
            clearable
            value={question.key ?? null}
            onChange={(key) => onAsk({ ...question, key: key ?? undefined })}
          />
        )}
      </Group>
      {chain !== null && (
        <ol className={classes.chain}>
          <li className={classes.end}>
            <IconPhoneIncoming size={18} stroke={1.6} aria-hidden />
            <span>
              {words.begins}
              {question.key !== undefined && (
                <Text size="sm" c="dimmed">
                  {chain.keyIsKnown ? words.keyLeads(question.key) : words.unknownKey(question.key)}
                </Text>
              )}
            </span>
          </li>
          {chain.hops.map((hop, index) => (
            <li key={hop.profile.id}>
              <Arrow words={index === 0 ? null : words.onward} />
              <HopCard appId={appId} hop={hop} isOpen={open[index]} />
            </li>
          ))}
          <li>
            <Arrow words={words.onward} />
            <div className={classes.end}>
              <IconPhoneOff size={18} stroke={1.6} aria-hidden />
              {allClosed ? words.closedAll : words.ends}
            </div>
          </li>
        </ol>
      )}
    </>
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

interface HopCardProps {
  readonly appId: string;
  readonly hop: Hop;
  readonly isOpen: boolean | undefined;
}

function HopCard({ appId, hop: { profile, user }, isOpen }: HopCardProps) {
  const words = t.profiles;
  const to = profile.kind === "demo" ? words.callsDemo : words.calls(user ?? profile.to ?? "");
  return (
    <Link
      to="/apps/$appId/profiles/$profileId"
      params={{ appId, profileId: profile.id }}
      className={classes.hop}
      data-open={isOpen}
    >
      <span className={classes.hopText}>
        <span className={`${classes.hopName} one-line`}>{profile.name}</span>
        <Text component="span" size="sm" c="dimmed" className="one-line" display="block">
          {to}
          {profile.kind === "sip" && ` · ${words.rings(profile.ringTimeoutSeconds ?? 30)}`}
        </Text>
      </span>
      {isOpen !== undefined && (
        <Status tone={isOpen ? "good" : "warn"}>{isOpen ? words.open : words.passedOver}</Status>
      )}
    </Link>
  );
}
