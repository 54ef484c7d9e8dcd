/** The SIP messages of a call as a ladder: a line for each side, an arrow for each message. */

import { Button, Group, Text, UnstyledButton } from "@mantine/core";
import { memo, useState } from "react";

import { serverUrl } from "../../../api/client.ts";
import { t } from "../../../texts/index.ts";
import { Code } from "../../../ui/Code.tsx";
import { DownloadButton } from "../../../ui/DownloadButton.tsx";
import { Section } from "../../../ui/Section.tsx";
import { clockTime, exactTime, figure } from "../../../ui/time.ts";
import { type Message, remotesOf, toneOfSip } from "./items.ts";
import classes from "./ladder.module.css";

interface LadderProps {
  readonly appId: string;
  readonly callId: string;
  readonly messages: readonly Message[];
}

/** Messages that are drawn before it is asked for more. */
const STEP = 100;

export const Ladder = memo(function Ladder({ appId, callId, messages }: LadderProps) {
  const [most, setMost] = useState(STEP);
  const remotes = remotesOf(messages);
  const words = t.timeline.ladder;
  const columns = { "--lanes": remotes.length + 1 } as React.CSSProperties;
  return (
    <Section
      title={words.title}
      lead={words.lead}
      actions={
        <>
          <Download appId={appId} callId={callId} file="sip.pcap" label={words.pcap} />
          <Download appId={appId} callId={callId} file="sip.txt" label={words.text} />
        </>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled must be reached by keys */}
      <section className={classes.scroll} tabIndex={0} aria-label={words.drawn}>
        <div className={classes.ladder} style={columns}>
          <div className={classes.heads} aria-hidden>
            <span className={classes.head}>{words.here}</span>
            {remotes.map((remote) => (
              <span key={remote} className={`${classes.head} one-line mono`} title={remote}>
                {remote}
              </span>
            ))}
          </div>
          <ol className={classes.rows}>
            {messages.slice(0, most).map((message) => (
              <Row
                key={message.key}
                message={message}
                lane={remotes.indexOf(message.remote) + 1}
                lanes={remotes.length + 1}
              />
            ))}
          </ol>
        </div>
      </section>
      {messages.length > most && (
        <Group justify="center" mt="md">
          <Button variant="default" size="xs" onClick={() => setMost(most + STEP)}>
            {t.timeline.more(figure(messages.length - most))}
          </Button>
        </Group>
      )}
    </Section>
  );
});

interface RowProps {
  readonly message: Message;
  /** The lane of the other side; the server's is 0. */
  readonly lane: number;
  readonly lanes: number;
}

function Row({ message, lane, lanes }: RowProps) {
  const [isOpen, setOpen] = useState(false);
  const { at, after, sent, label, remote, transport, text } = message;
  const words = t.timeline.ladder;
  // Lines stand in the middle of their lanes.
  const arrow = {
    insetInlineStart: `${50 / lanes}%`,
    inlineSize: `${(100 * lane) / lanes}%`,
  };
  return (
    <li className={classes.row}>
      <UnstyledButton
        className={classes.message}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span className={classes.when}>
          <time dateTime={at} title={exactTime(at)}>
            {clockTime(at)}
          </time>
          <span className={classes.after}>{after === null ? "" : words.after(after)}</span>
        </span>
        <span className={classes.lanes}>
          <span
            className={classes.arrow}
            style={arrow}
            data-sent={sent}
            data-tone={toneOfSip(message.class)}
          >
            <span className={`${classes.label} one-line`}>
              <span className={classes.spoken}>
                {sent ? t.timeline.sent : t.timeline.received}{" "}
              </span>
              {label}
              <span className={classes.spoken}>
                {" "}
                {words.way(remote, transport.toUpperCase(), sent)}
              </span>
            </span>
          </span>
        </span>
      </UnstyledButton>
      {isOpen && (
        <div className={classes.raw}>
          <Text size="sm" c="dimmed" className="foreign" mb={6}>
            {words.way(remote, transport.toUpperCase(), sent)} · {message.cseq} ·{" "}
            {message.sipCallId}
          </Text>
          <Code text={text} label={t.timeline.message(label)} />
        </div>
      )}
    </li>
  );
}

interface DownloadProps {
  readonly appId: string;
  readonly callId: string;
  readonly file: "sip.pcap" | "sip.txt";
  readonly label: string;
}

function Download({ appId, callId, file, label }: DownloadProps) {
  return (
    <DownloadButton
      href={new URL(`v1/apps/${appId}/calls/${callId}/${file}`, serverUrl).href}
      name={`${callId}.${file}`}
    >
      {label}
    </DownloadButton>
  );
}
