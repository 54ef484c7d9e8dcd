/** A call's timeline. */

import { Badge, Collapse, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronRight } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { t } from "../../texts/index.ts";
import { Code, json } from "../../ui/Code.tsx";
import { TextLink } from "../../ui/links.tsx";
import type { Tone } from "../../ui/Status.tsx";
import { clockTime, exactTime } from "../../ui/time.ts";
import classes from "./calls.module.css";
import type { CallStory } from "./queries.ts";
import { dataOf, type Entry, nameOf, timelineOf } from "./timeline.ts";

interface TimelineProps {
  readonly appId: string;
  readonly story: CallStory;
}

export function Timeline({ appId, story }: TimelineProps) {
  const start = Date.parse(story.call.startedAt);
  return (
    <ol className={classes.timeline}>
      {timelineOf(story).map((entry) => (
        <li key={entry.key} className={classes.entry} data-tone={toneOf(entry)}>
          <div className={classes.when}>
            <time dateTime={entry.at} title={exactTime(entry.at)}>
              {clockTime(entry.at)}
            </time>
            <span className={classes.offset}>{offset(Date.parse(entry.at) - start)}</span>
          </div>
          <div className={classes.what}>
            <What appId={appId} callId={story.call.id} entry={entry} />
          </div>
        </li>
      ))}
    </ol>
  );
}

function offset(ms: number): string {
  return `${ms < 0 ? "−" : "+"}${(Math.abs(ms) / 1_000).toFixed(3)} s`;
}

function toneOf(entry: Entry): Tone {
  switch (entry.kind) {
    case "event":
      return nameOf(entry.event) === "call_error" ? "bad" : "good";
    case "connected":
      return "good";
    case "warning":
      return entry.raised ? "warn" : "none";
    case "delivery":
      return entry.delivery.status === "dead" ? "bad" : "none";
  }
}

interface WhatProps {
  readonly appId: string;
  readonly callId: string;
  readonly entry: Entry;
}

function What({ appId, callId, entry }: WhatProps): ReactNode {
  const words = t.calls.one;
  switch (entry.kind) {
    case "event":
      return <EventEntry entry={entry} />;
    case "connected":
      return words.connected;
    case "warning": {
      const warning = words.warnings[entry.warning] ?? entry.warning;
      return entry.raised ? warning : words.warningOver(warning);
    }
    case "delivery": {
      const { delivery, integration } = entry;
      return (
        <>
          <TextLink
            to="/apps/$appId/deliveries"
            params={{ appId }}
            search={{ integration: integration.id, call: callId, open: delivery.eventId }}
            className="foreign"
            size="sm"
          >
            {words[delivery.status](integration.name)}
          </TextLink>
          <span className={classes.offset}>
            {" "}
            <code>{delivery.eventName}</code> · {words.attempts(delivery.attemptCount)}
          </span>
        </>
      );
    }
  }
}

function EventEntry({ entry }: { readonly entry: Extract<Entry, { kind: "event" }> }) {
  const [isOpen, raw] = useDisclosure(false);
  const { event } = entry;
  const facts = dataOf(event).filter(([, value]) => value !== null);
  return (
    <>
      <UnstyledButton onClick={raw.toggle} aria-expanded={isOpen} className={classes.eventName}>
        <IconChevronRight size={14} className={classes.chevron} data-open={isOpen} aria-hidden />
        <code>{nameOf(event)}</code>
        {event.preview && (
          <Badge size="sm" variant="default">
            {t.calls.one.preview}
          </Badge>
        )}
      </UnstyledButton>
      {facts.length > 0 && (
        <div className={`${classes.data} foreign`}>
          {facts.map(([name, value]) => `${name}: ${shown(value)}`).join(" · ")}
        </div>
      )}
      <Collapse expanded={isOpen} transitionDuration={120}>
        {isOpen && (
          <Code text={json({ id: event.id, event: event.event })} label={t.calls.one.raw} />
        )}
      </Collapse>
    </>
  );
}

const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
