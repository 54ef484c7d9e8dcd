/** Events as they come: asked for every two seconds, none lost and none twice, held back while paused. */

import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { client } from "../../api/client.ts";
import type { EventView } from "../../api/generated/schema.ts";

export type LiveState = "starting" | "live" | "paused" | "failed";

export interface LiveEvents {
  readonly state: LiveState;
  /** Newest first. */
  readonly events: readonly EventView[];
  /** Those that came while it was paused. */
  readonly waiting: number;
  readonly toggle: () => void;
}

const EVERY_MS = 2_000;
const PAGE = 100;
/** Events that are kept on the screen. */
const MOST = 500;
/** Pages that are read to catch up after a break; what is older is in the lists. */
const MOST_PAGES = 5;

export function useLiveEvents(appId: string, name: string | undefined): LiveEvents {
  const known = useRef<readonly EventView[]>([]);
  const [held, setHeld] = useState<readonly EventView[] | null>(null);
  const query = useQuery({
    queryKey: ["live", appId, name],
    queryFn: async () => {
      known.current = await readNew(appId, name, known.current);
      return known.current;
    },
    refetchInterval: EVERY_MS,
    refetchIntervalInBackground: true,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const all = query.data ?? [];
  const shown = held ?? all;
  return {
    state:
      held !== null
        ? "paused"
        : query.error !== null
          ? "failed"
          : query.data === undefined
            ? "starting"
            : "live",
    events: shown,
    waiting: held === null ? 0 : newerThan(all, held).length,
    toggle: () => setHeld(held === null ? all : null),
  };
}

function newerThan(all: readonly EventView[], known: readonly EventView[]): readonly EventView[] {
  const ids = new Set(known.map((event) => event.id));
  return all.filter((event) => !ids.has(event.id));
}

async function readNew(
  appId: string,
  name: string | undefined,
  known: readonly EventView[],
): Promise<readonly EventView[]> {
  const ids = new Set(known.map((event) => event.id));
  const fresh: EventView[] = [];
  let after: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { data } = await client.GET("/v1/apps/{appId}/events", {
      params: { path: { appId }, query: { limit: PAGE, after, name } },
    });
    const items = data?.items ?? [];
    fresh.push(...items.filter((event) => !ids.has(event.id)));
    const reachesKnown = items.some((event) => ids.has(event.id));
    if (known.length === 0 || reachesKnown || data?.next == null) break;
    after = data.next;
  }
  return [...fresh, ...known].slice(0, MOST);
}
