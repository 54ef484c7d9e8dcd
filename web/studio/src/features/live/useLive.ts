/** What happens right now, held back while paused. */

import { useEffect, useMemo, useState, useSyncExternalStore } from "react";

import { useSignIn } from "../../api/auth.ts";
import type { EventView } from "../../api/generated/schema.ts";
import { type Filter, type Followed, Follower } from "./Follower.ts";
import { MOST } from "./feed.ts";

export interface Live extends Followed {
  readonly again: () => void;
}

export function useLive(appId: string, { name, context, callId }: Filter): Live {
  const follower = useMemo(
    () => new Follower(appId, { name, context, callId }),
    [appId, name, context, callId],
  );
  const signIn = useSignIn();
  useEffect(() => {
    // Whoever was signed out meanwhile goes on after signing in again.
    if (signIn === "signed-in") follower.start();
    return follower.stop;
  }, [follower, signIn]);
  const followed = useSyncExternalStore(follower.subscribe, follower.get);
  return { ...followed, again: follower.start };
}

export interface Held {
  readonly isPaused: boolean;
  readonly events: readonly EventView[];
  /** Those that came while it was paused. */
  readonly waiting: number;
  /** Whether more came than are kept: then there is a gap between what was held and what is shown next. */
  readonly isCut: boolean;
  readonly toggle: () => void;
}

/** Holds a list still for as long as somebody reads it. */
export function useHeld(events: readonly EventView[]): Held {
  const [held, setHeld] = useState<readonly EventView[] | null>(null);
  const known = useMemo(() => new Set(held?.map((event) => event.id)), [held]);
  const waiting = held === null ? 0 : events.filter((event) => !known.has(event.id)).length;
  return {
    isPaused: held !== null,
    events: held ?? events,
    waiting,
    isCut: waiting >= MOST,
    toggle: () => setHeld(held === null ? events : null),
  };
}
