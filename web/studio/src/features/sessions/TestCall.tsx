/** The real widget, in preview, with its events beside it. */

import type { WidgetMessage } from "@bellpush/protocol";
import { Skeleton, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";

import { t } from "../../texts/index.ts";
import { Failed } from "../../ui/states.tsx";
import { clockTime } from "../../ui/time.ts";
import { usePreviewAddress } from "./preview.ts";
import classes from "./testcall.module.css";
import { WithKey } from "./WithKey.tsx";

interface TestCallProps {
  readonly appId: string;
  /** Calls this profile in place of the app's default one. */
  readonly profileId?: string;
  readonly onEvent?: (message: WidgetMessage) => void;
}

export function TestCall(props: TestCallProps) {
  return (
    <WithKey appId={props.appId}>
      {(widgetKey) => <Stage {...props} widgetKey={widgetKey} />}
    </WithKey>
  );
}

function Stage({
  appId,
  profileId,
  widgetKey,
  onEvent,
}: TestCallProps & { readonly widgetKey: string | undefined }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [events, setEvents] = useState<readonly WidgetMessage[]>([]);
  const address = usePreviewAddress({ appId, widgetKey, profileId });
  const tell = useRef(onEvent);
  tell.current = onEvent;
  useEffect(() => {
    const listen = ({ source, origin, data }: MessageEvent<WidgetMessage>) => {
      const isOurs = source === frame.current?.contentWindow && origin === location.origin;
      if (!isOurs || data?.source !== "bellpush" || data.event === undefined) return;
      setEvents((present) => [...present, data]);
      tell.current?.(data);
    };
    addEventListener("message", listen);
    return () => removeEventListener("message", listen);
  }, []);
  return (
    <div className={classes.stage}>
      <div className={classes.phone}>
        {address.error !== null ? (
          <Failed error={address.error} retry={() => void address.refetch()} />
        ) : address.data === undefined ? (
          <Skeleton height="100%" radius="lg" />
        ) : (
          <iframe
            ref={frame}
            src={address.data}
            title={t.apps.tryIt.frame}
            allow="microphone; autoplay; clipboard-write"
          />
        )}
      </div>
      <section className={classes.events} aria-label={t.apps.tryIt.events}>
        <Text fw={600}>{t.apps.tryIt.events}</Text>
        {events.length === 0 ? (
          <Text c="dimmed" size="sm" mt="xs">
            {t.apps.tryIt.none}
          </Text>
        ) : (
          <ol className={classes.list} aria-live="polite">
            {events.map((message) => (
              <Event key={message.id} message={message} />
            ))}
          </ol>
        )}
      </section>
    </div>
  );
}

function Event({ message: { event } }: { readonly message: WidgetMessage }) {
  const { context: _, isPreview: __, ...data } = event.data;
  const facts = Object.entries(data).filter(([, value]) => value !== null);
  return (
    <li className={classes.event}>
      <div className={classes.eventHead}>
        <code>{event.name}</code>
        <time dateTime={event.timestamp}>{clockTime(event.timestamp)}</time>
      </div>
      {facts.length > 0 && (
        <div className={`${classes.eventData} foreign`}>
          {facts.map(([name, value]) => `${name}: ${String(value)}`).join(" · ")}
        </div>
      )}
    </li>
  );
}
