/** The widget with the code as it was saved: what the code says, the events it hears, samples for it. */

import type { ConsoleMessage, EventName, SampleMessage, WidgetMessage } from "@bellpush/protocol";
import { Button, Group, Select, SimpleGrid, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";

import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import { Failed, Loading } from "../../ui/states.tsx";
import { usePreviewAddress } from "../sessions/preview.ts";
import { WithKey } from "../sessions/WithKey.tsx";
import classes from "./code.module.css";
import { SAMPLES, sampleOf } from "./sample.ts";

interface RunningProps {
  readonly appId: string;
  /** Which run it is: each has a preview of its own. */
  readonly run: number;
  readonly onAgain: () => void;
}

export function Running(props: RunningProps) {
  const words = t.customCode;
  return (
    <Section
      title={words.run}
      lead={words.runLead}
      actions={
        <Button variant="default" onClick={props.onAgain}>
          {words.again}
        </Button>
      }
    >
      <WithKey appId={props.appId}>
        {(widgetKey) => <Preview {...props} widgetKey={widgetKey} />}
      </WithKey>
    </Section>
  );
}

interface Line {
  readonly at: number;
  readonly level: ConsoleMessage["console"]["level"];
  readonly text: string;
}

/** Lines and events that are shown, at most. */
const MOST = 200;

function Preview({ appId, run, widgetKey }: RunningProps & { readonly widgetKey?: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [lines, setLines] = useState<readonly Line[]>([]);
  const [events, setEvents] = useState<readonly string[]>([]);
  const [sample, setSample] = useState<EventName>("call_started");
  const address = usePreviewAddress({ appId, widgetKey, purpose: `code ${run}` });
  const words = t.customCode;
  useEffect(() => {
    const hear = ({ source, origin, data }: MessageEvent<unknown>) => {
      const widget = frame.current?.contentWindow;
      if (widget == null || source === null) return;
      if (source === widget && origin === location.origin && isEvent(data)) {
        setEvents((before) => [...before, data.event.name].slice(-MOST));
      } else if (codeIn(widget).some((code) => code === source) && isConsole(data)) {
        const { level, text } = data.console;
        setLines((before) =>
          [...before, { at: (before.at(-1)?.at ?? -1) + 1, level, text }].slice(-MOST),
        );
      }
    };
    addEventListener("message", hear);
    return () => removeEventListener("message", hear);
  }, []);
  const send = () => {
    const message: SampleMessage = {
      source: "bellpush",
      version: 1,
      sample: sampleOf(sample, crypto.randomUUID(), new Date()),
    };
    const widget = frame.current?.contentWindow;
    // The code's frame has no origin that could be named.
    for (const code of widget == null ? [] : codeIn(widget)) code.postMessage(message, "*");
  };
  if (address.error !== null) {
    return <Failed error={address.error} retry={() => void address.refetch()} />;
  }
  if (address.data === undefined) return <Loading />;
  return (
    <div className={classes.running}>
      <iframe
        ref={frame}
        src={address.data}
        title={t.apps.tryIt.frame}
        allow="microphone; autoplay; clipboard-write"
        className={classes.frame}
      />
      <div>
        <Group align="flex-end" gap="xs" mb="md">
          <Select
            label={words.sample}
            description={words.sampleHint}
            allowDeselect={false}
            data={[...SAMPLES]}
            value={sample}
            onChange={(name) => setSample(name as EventName)}
          />
          <Button variant="default" onClick={send}>
            {words.sample}
          </Button>
        </Group>
        <SimpleGrid cols={{ base: 1, lg: 2 }}>
          <section aria-label={words.console}>
            <Text fw={600}>{words.console}</Text>
            <Text size="sm" c="dimmed" mb="xs">
              {words.consoleLead}
            </Text>
            <ol className={classes.lines} aria-live="polite">
              {lines.length === 0 && <li className={classes.quiet}>{words.quiet}</li>}
              {lines.map(({ at, level, text }) => (
                <li key={at} data-level={level}>
                  <span className={classes.level}>{words.levels[level]}</span>{" "}
                  <span className="foreign mono">{text}</span>
                </li>
              ))}
            </ol>
          </section>
          <section aria-label={words.events}>
            <Text fw={600} mb="xs">
              {words.events}
            </Text>
            <ol className={classes.lines} aria-live="polite">
              {events.length === 0 && <li className={classes.quiet}>{words.noEvents}</li>}
              {events.map((name, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines that never move
                <li key={index} className="mono">
                  {name}
                </li>
              ))}
            </ol>
          </section>
        </SimpleGrid>
      </div>
    </div>
  );
}

/** The frames in the widget: those of custom code. */
const codeIn = (widget: Window): readonly Window[] =>
  Array.from({ length: widget.frames.length }, (_, index) => widget.frames[index]).filter(
    (code): code is Window => code !== undefined,
  );

const isOurs = (data: unknown): data is { readonly source: "bellpush" } =>
  typeof data === "object" && data !== null && "source" in data && data.source === "bellpush";

const isEvent = (data: unknown): data is WidgetMessage => isOurs(data) && "event" in data;

/** From a frame that may say anything: each part is looked at. */
function isConsole(data: unknown): data is ConsoleMessage {
  if (!isOurs(data) || !("console" in data)) return false;
  const { console: said } = data;
  return (
    typeof said === "object" &&
    said !== null &&
    "level" in said &&
    typeof said.level === "string" &&
    Object.hasOwn(t.customCode.levels, said.level) &&
    "text" in said &&
    typeof said.text === "string"
  );
}
