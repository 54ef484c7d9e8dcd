/** What an id, or `key:value` of a call's context, leads to. */

import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import type { NavigateOptions } from "@tanstack/react-router";

import { client } from "../../api/client.ts";
import type { AppView } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";

export interface Found {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly to: NavigateOptions;
}

const PAIR = /^([A-Za-z][A-Za-z0-9_.-]*):\s*(.+)$/;

export function useFound(
  query: string,
  apps: readonly AppView[],
  here: string | undefined,
): readonly Found[] {
  const asked = query.trim();
  const [settled] = useDebouncedValue(asked, 150);
  const isCall = asked.startsWith("call_");
  const pair = PAIR.exec(asked);
  const calls = useQuery({
    queryKey: ["palette", "call", settled],
    queryFn: () => callsById(settled, apps),
    enabled: settled.startsWith("call_") && apps.length > 0,
    retry: false,
  });
  if (isCall) return calls.data ?? [];
  if (pair !== null) {
    const nearest = [...apps].sort((a, b) => Number(b.id === here) - Number(a.id === here));
    return nearest.slice(0, 5).map((app) => ({
      id: `context-${app.id}`,
      label: t.frame.palette.context(`${pair[1]}:${pair[2]}`, app.name),
      description: "",
      to: {
        to: "/apps/$appId/calls",
        params: { appId: app.id },
        search: { context: `${pair[1]}:${pair[2]}` },
      } as NavigateOptions,
    }));
  }
  const byPrefix = apps.filter((app) => app.id === asked);
  return byPrefix.map((app) => ({
    id: app.id,
    label: app.name,
    description: app.id,
    to: { to: "/apps/$appId", params: { appId: app.id } } as NavigateOptions,
  }));
}

async function callsById(callId: string, apps: readonly AppView[]): Promise<Found[]> {
  const answers = await Promise.all(
    apps.map((app) =>
      client
        .GET("/v1/apps/{appId}/calls/{callId}", { params: { path: { appId: app.id, callId } } })
        .then(() => [app])
        .catch(() => []),
    ),
  );
  return answers.flat().map((app) => ({
    id: callId,
    label: t.frame.palette.call,
    description: `${app.name} · ${callId}`,
    to: {
      to: "/apps/$appId/calls/$callId",
      params: { appId: app.id, callId },
    } as NavigateOptions,
  }));
}
