/** What an id, a telephone number, or a value of a call's context leads to. */

import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import type { NavigateOptions } from "@tanstack/react-router";

import { client } from "../../api/client.ts";
import type { AppView, LookupHit } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";

export interface Found {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly to: NavigateOptions;
}

const PAIR = /^([A-Za-z][A-Za-z0-9_.-]*):\s*(.+)$/;
/** Letters from which on the server is asked. */
const LEAST = 3;
const MOST = 8;

export interface Finding {
  readonly found: readonly Found[];
  /** Whether the server has yet to say what was typed last leads to. */
  readonly isPending: boolean;
}

export function useFound(
  query: string,
  apps: readonly AppView[],
  here: string | undefined,
): Finding {
  const asked = query.trim();
  const [settled] = useDebouncedValue(asked, 150);
  const hits = useQuery({
    queryKey: ["palette", settled],
    queryFn: async () => {
      const { data } = await client.GET("/v1/lookup", { params: { query: { q: settled } } });
      return data?.items ?? [];
    },
    enabled: settled.length >= LEAST,
    retry: false,
  });
  const nearest = [...apps].sort((a, b) => Number(b.id === here) - Number(a.id === here));
  const pair = PAIR.exec(asked);
  // A pair names its filter itself: it leads there without asking, whether a call has it or not.
  if (pair !== null && !asked.startsWith("int_")) {
    const context = `${pair[1]}:${pair[2]}`;
    const found = nearest.slice(0, MOST).map((app) => callsWith(context, app.id, app.name));
    return { found, isPending: false };
  }
  const nameOf = (id: string) => apps.find((app) => app.id === id)?.name ?? id;
  const isSettled = asked === settled;
  const found = isSettled ? (hits.data ?? []) : [];
  return {
    found: found.slice(0, MOST).flatMap((hit) => foundBy(hit, nameOf(hit.appId))),
    isPending: asked.length >= LEAST && (!isSettled || hits.isPending),
  };
}

function callsWith(context: string, appId: string, appName: string): Found {
  return {
    id: `context-${appId}-${context}`,
    label: t.frame.palette.context(context, appName),
    description: "",
    to: { to: "/apps/$appId/calls", params: { appId }, search: { context } } as NavigateOptions,
  };
}

function foundBy(hit: LookupHit, appName: string): readonly Found[] {
  const { kind, appId, callId, eventId, integrationId, context } = hit;
  const words = t.frame.palette.kinds;
  const one = (id: string, to: unknown): readonly Found[] => [
    { id, label: words[kind], description: `${appName} · ${id}`, to: to as NavigateOptions },
  ];
  switch (kind) {
    case "app":
      return one(appId, { to: "/apps/$appId", params: { appId } });
    case "context":
      return context == null ? [] : [callsWith(context, appId, appName)];
    case "integration":
      return integrationId == null
        ? []
        : one(integrationId, {
            to: "/apps/$appId/integrations/$integrationId",
            params: { appId, integrationId },
          });
    case "delivery":
      return eventId == null || integrationId == null
        ? []
        : one(eventId, {
            to: "/apps/$appId/deliveries",
            params: { appId },
            search: { integration: integrationId, event: eventId, open: eventId },
          });
    case "call":
    case "event":
    case "callback":
      if (callId != null) {
        const to = { to: "/apps/$appId/calls/$callId", params: { appId, callId } };
        return one(eventId ?? callId, to);
      }
      // What belongs to no call stands among all events.
      return eventId == null
        ? []
        : one(eventId, { to: "/apps/$appId/events", params: { appId }, search: { open: eventId } });
  }
}
