/** One entry of a timeline, in words. */

import { Group } from "@mantine/core";
import type { ReactNode } from "react";
import type { CallNotice, Happening, SipView } from "../../../api/generated/schema.ts";
import { t } from "../../../texts/index.ts";
import { Code, json } from "../../../ui/Code.tsx";
import { Copy } from "../../../ui/Id.tsx";
import { TextLink } from "../../../ui/links.tsx";
import { factsOf, traceOf } from "../../events/event.ts";
import { useProfileNames } from "../../profiles/queries.ts";
import type { HappeningOf } from "./items.ts";
import { Openable } from "./Openable.tsx";
import classes from "./timeline.module.css";

/** What the far side let the visitor know, in words. */
function notice(told: CallNotice): string {
  const words = t.timeline;
  if (told.kind === "transferred") {
    return words.transferred;
  }
  const { position, waitSeconds } = told;
  const more = [
    position == null ? null : words.queuePosition(position),
    waitSeconds == null ? null : words.queueWait(waitSeconds),
  ].filter((part) => part !== null);
  return [words.queued, ...more].join(", ");
}

interface WhatProps {
  readonly appId: string;
  readonly callId: string;
  readonly what: Happening;
}

export function What({ appId, callId, what }: WhatProps): ReactNode {
  const words = t.timeline;
  switch (what.kind) {
    case "event":
      return <Event event={what} />;
    case "phase":
      return words.phases[what.phase] ?? what.phase;
    case "hold":
      return what.held ? words.held : words.resumed;
    case "notice":
      return notice(what.notice);
    case "answered":
      return <Answered appId={appId} answered={what} />;
    case "taken_over": {
      const { from, fromUrl, to, toUrl, reason, tookMs } = what;
      return (
        <>
          {words.takenOver(words.takeOverReasons[reason], tookMs)}
          <div className={`${classes.data} foreign`}>
            {fromUrl ?? from} → {toUrl ?? to}
          </div>
        </>
      );
    }
    case "rejected": {
      const { status, reasonPhrase } = what.failure;
      const answer = status == null ? words.noResponse : `${status} ${reasonPhrase ?? ""}`;
      return <span className="foreign">{words.rejected(answer)}</span>;
    }
    case "sip":
      return <Sip message={what as SipView} />;
    case "quality":
      return what.text;
    case "warning": {
      const warning = words.warnings[what.warning] ?? what.warning;
      return what.raised ? warning : words.warningOver(warning);
    }
    case "delivery":
      return (
        <DeliveryLink
          appId={appId}
          callId={callId}
          integrationId={what.integrationId}
          eventId={what.eventId}
        >
          {words[what.status](what.integrationName)} · {words.attempts(what.attempts)}
        </DeliveryLink>
      );
    case "attempt":
      return (
        <>
          {what.failure == null
            ? words.attempt(what.number, what.durationMs)
            : words.failedAttempt(what.number, what.durationMs)}
          {(what.status != null || what.detail !== "") && (
            <div className={`${classes.data} foreign`}>
              {[what.status, what.detail].filter((one) => one != null && one !== "").join(" · ")}
            </div>
          )}
        </>
      );
    case "consent":
      return what.consent.accepted ? words.consentGiven : words.consentRefused;
    case "form":
      return (
        <>
          {words.form}
          <div className={`${classes.data} foreign`}>
            {Object.entries(what.values)
              .map(([name, value]) => `${name}: ${String(value)}`)
              .join(" · ")}
          </div>
        </>
      );
    case "survey":
      return (
        <>
          {words.survey}
          <div className={`${classes.data} foreign`}>
            {[
              ...what.survey.answers.map((one) => `${one.questionId}: ${one.rating} / 5`),
              what.survey.comment,
            ]
              .filter((one) => one != null)
              .join(" · ")}
          </div>
        </>
      );
    case "callback":
      return words.callback(words.callbackReasons[what.reason]);
  }
}

function Event({ event: { id, name, event } }: { readonly event: HappeningOf<"event"> }) {
  const facts = factsOf(event);
  const data = event.data as { isPreview?: unknown } | undefined;
  const trace = traceOf(id);
  return (
    <>
      <Openable title={<code>{name}</code>} isPreview={data?.isPreview === true}>
        {() => (
          <>
            <Code text={json({ id, event })} label={t.timeline.raw} />
            <Group gap={4} className={classes.data}>
              {t.timeline.trace} <code className="foreign">{trace}</code>
              <Copy value={trace} what={t.timeline.trace} />
            </Group>
          </>
        )}
      </Openable>
      {facts !== "" && <div className={`${classes.data} foreign`}>{facts}</div>}
    </>
  );
}

function Sip({ message }: { readonly message: SipView }) {
  const { sent, label, local, remote, transport, text } = message;
  const way = sent ? `${local} → ${remote}` : `${remote} → ${local}`;
  return (
    <>
      <Openable
        title={
          <span className="foreign">
            {sent ? t.timeline.sent : t.timeline.received} <code>{label}</code>
          </span>
        }
      >
        {() => <Code text={text} label={t.timeline.message(label)} />}
      </Openable>
      <div className={`${classes.data} foreign`}>
        {way} · {transport.toUpperCase()}
      </div>
    </>
  );
}

interface AnsweredProps {
  readonly appId: string;
  readonly answered: HappeningOf<"answered">;
}

function Answered({ appId, answered }: AnsweredProps) {
  const nameOf = useProfileNames(appId);
  return (
    <span className="foreign">
      {t.timeline.answered(nameOf(answered.profileId) ?? answered.profileId)}
    </span>
  );
}

interface DeliveryLinkProps {
  readonly appId: string;
  readonly callId: string;
  readonly integrationId: string;
  readonly eventId: string;
  readonly children: ReactNode;
}

function DeliveryLink({ appId, callId, integrationId, eventId, children }: DeliveryLinkProps) {
  return (
    <TextLink
      to="/apps/$appId/deliveries"
      params={{ appId }}
      search={{ integration: integrationId, call: callId, open: eventId }}
      className="foreign"
      size="sm"
    >
      {children}
    </TextLink>
  );
}
