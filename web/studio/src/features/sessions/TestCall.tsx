/** The real widget, in preview, with its events beside it. */

import type { WidgetMessage } from "@bellpush/protocol";
import { Button, Skeleton, Text } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { api, client, serverUrl } from "../../api/client.ts";
import { t } from "../../texts/index.ts";
import { failed as tellFailed } from "../../ui/notify.ts";
import { Failed, Nothing } from "../../ui/states.tsx";
import { clockTime } from "../../ui/time.ts";
import { useWidgetKeys } from "../apps/queries.ts";
import { refreshKeys } from "../apps/settings/WidgetKeys.tsx";
import classes from "./testcall.module.css";

interface TestCallProps {
  readonly appId: string;
  /** Calls this profile in place of the app's default one. */
  readonly profileId?: string;
  readonly onEvent?: (message: WidgetMessage) => void;
}

export function TestCall(props: TestCallProps) {
  const { appId } = props;
  const keys = useWidgetKeys(appId);
  const key = keys.data?.items[0]?.key;
  const make = api.useMutation("post", "/v1/apps/{appId}/widget-keys", {
    onSuccess: refreshKeys,
    onError: tellFailed,
  });
  if (keys.error !== null) {
    return <Failed error={keys.error} retry={() => void keys.refetch()} />;
  }
  if (keys.data !== undefined && key === undefined) {
    return (
      <Nothing
        icon={<IconKey size={22} stroke={1.6} />}
        title={t.apps.tryIt.noKey}
        act={
          <Button
            onClick={() => make.mutate({ params: { path: { appId } } })}
            loading={make.isPending}
          >
            {t.apps.tryIt.makeKey}
          </Button>
        }
      >
        {t.apps.tryIt.noKeyLead}
      </Nothing>
    );
  }
  return <Stage {...props} widgetKey={key} />;
}

function Stage({
  appId,
  profileId,
  widgetKey,
  onEvent,
}: TestCallProps & { readonly widgetKey: string | undefined }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [events, setEvents] = useState<readonly WidgetMessage[]>([]);
  const address = useQuery({
    queryKey: ["preview", appId, profileId, widgetKey],
    queryFn: () => previewAddress(appId, widgetKey ?? "", profileId),
    enabled: widgetKey !== undefined,
    // A token begins one preview: another one is asked for by the next test call.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
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

async function previewAddress(appId: string, key: string, profileId?: string): Promise<string> {
  const { data } = await client.POST("/v1/apps/{appId}/preview-tokens", {
    params: { path: { appId } },
  });
  const address = new URL(`w/${appId}`, serverUrl);
  address.search = new URLSearchParams({
    key,
    preview: data?.token ?? "",
    origin: location.origin,
    ...(profileId === undefined ? {} : { destination: profileId }),
  }).toString();
  return address.href;
}
