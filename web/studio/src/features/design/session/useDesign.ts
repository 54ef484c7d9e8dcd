/** The session of an app's draft, for as long as a screen shows it. */

import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";

import { useSignIn } from "../../../api/auth.ts";
import { type Draft, dropDraft, keepDraft, readDraft } from "../../../editor/drafts.ts";
import { lastChange } from "../../../editor/LastChange.tsx";
import { isSame } from "../../../editor/merge.ts";
import { t } from "../../../texts/index.ts";
import { done } from "../../../ui/notify.ts";
import { shortTime } from "../../../ui/time.ts";
import { useForbidden } from "../../people/Permitted.tsx";
import type { Design } from "../core/document.ts";
import { type Clash, decided, merge, type Side } from "../core/merge.ts";
import { loadDraft, saveDraft } from "../queries.ts";
import { createSession, type Saved, type Session, type View } from "./session.ts";

/** How often it is looked for what others have saved. */
const LOOK_MS = 10_000;

const keyOf = (appId: string) => `design-${appId}`;

/** The draft as the server has it when the screen opens. */
export const useDraft = (appId: string) =>
  useQuery({
    queryKey: ["design-draft", appId],
    queryFn: () => loadDraft(appId),
    // The session follows it from then on.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });

/** Says whose changes were taken in, and when they were made. */
async function tellMerged(appId: string): Promise<void> {
  const last = await lastChange({ appId, of: "design" }).catch(() => null);
  const { merged, mergedFrom } = t.design;
  done(last?.by.name == null ? merged : mergedFrom(last.by.name, shortTime(last.at)));
}

export interface Editing {
  readonly session: Session;
  readonly view: View;
  /** Why nothing may be changed; null: it may. */
  readonly forbidden: string | null;
  readonly edit: Session["edit"];
  /** Edits of before a reload, which the server never got. */
  readonly local: Draft<Design> | null;
  readonly restore: () => void;
  readonly forget: () => void;
  /** What somebody else has changed as well, here or before the reload, and is to be decided; null: nothing. */
  readonly clashes: readonly Clash[] | null;
  /** Decides it, in the order of the clashes. */
  readonly resolve: (sides: readonly Side[]) => void;
}

/** A session begins with the draft as it was at first, and follows the server by itself from then on. */
export function useDesign(appId: string, initial: Saved): Editing {
  const [local, setLocal] = useState(() => {
    const kept = readDraft<Design>(keyOf(appId));
    return kept === null || isSame(kept.values, initial.document) ? null : kept;
  });
  const isOffered = useRef(false);
  isOffered.current = local !== null;
  const [session] = useState(() =>
    createSession(initial, {
      load: () => loadDraft(appId),
      save: (document, revision) => saveDraft(appId, document, revision),
      later(ms, run) {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      keep(document, base) {
        // What is offered is not written over: first it is decided about.
        if (isOffered.current) return;
        if (document === null) dropDraft(keyOf(appId));
        else keepDraft(keyOf(appId), document, base);
      },
      onMerged: () => void tellMerged(appId),
    }),
  );
  const [asked, setAsked] = useState<readonly Clash[] | null>(null);
  const view = useSyncExternalStore(session.subscribe, session.view);
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && void session.refresh();
    const timer = setInterval(look, LOOK_MS);
    addEventListener("focus", look);
    return () => {
      clearInterval(timer);
      removeEventListener("focus", look);
      void session.flush();
    };
  }, [session]);
  const forbidden = useForbidden("design:write", appId);
  const signIn = useSignIn();
  useEffect(() => {
    // What could not be saved while nobody was signed in.
    if (signIn === "signed-in" && session.view().saving.name === "failed") void session.flush();
  }, [session, signIn]);

  function takeUp(side: (clash: Clash) => Side): void {
    if (local === null) return;
    isOffered.current = false;
    dropDraft(keyOf(appId));
    session.edit((present) => merge(local.base, local.values, present, side).document);
    setLocal(null);
    setAsked(null);
  }

  const { saving } = view;
  return {
    session,
    view,
    forbidden,
    edit: forbidden === null ? session.edit : () => undefined,
    local,
    restore() {
      if (local === null) return;
      const { clashes } = merge(local.base, local.values, view.history.present);
      if (clashes.length > 0) setAsked(clashes);
      else takeUp(() => "mine");
    },
    forget() {
      dropDraft(keyOf(appId));
      setLocal(null);
    },
    clashes: saving.name === "clash" ? saving.clashes : asked,
    resolve(sides) {
      if (saving.name === "clash") session.resolve(sides);
      else if (asked !== null) takeUp(decided(asked, sides));
    },
  };
}
