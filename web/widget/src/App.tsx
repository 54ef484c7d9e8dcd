/** Shows the state there is, says it to screen readers, and moves the focus along. */

import { useEffect, useRef } from "preact/hooks";
import type { Actions } from "./actions.ts";
import { blocksOf, type Scene } from "./design/scene.ts";
import type { Texts } from "./i18n/index.ts";
import type { Parts } from "./parts.ts";
import type { CallState } from "./state.ts";
import { Blocks, List, titleOf } from "./ui/Blocks.tsx";
import { Screen } from "./ui/Screen.tsx";
import { Text } from "./ui/Text.tsx";
import { clockTime } from "./ui/time.ts";

export interface AppProps {
  readonly scene: Scene & { readonly later: Parts | null };
}

export function App({ scene }: AppProps) {
  const { state, actions } = scene;
  const root = useRef<HTMLDivElement>(null);
  const shown = useRef(state.name);
  useEffect(() => {
    // The focus follows a change of state, but is never taken away from the page around, nor from a
    // field that wants another look.
    if (
      shown.current !== state.name &&
      document.hasFocus() &&
      document.activeElement?.ariaInvalid !== "true"
    ) {
      root.current?.querySelector("h1")?.focus();
    }
    shown.current = state.name;
  }, [state.name]);

  return (
    <div
      ref={root}
      class="bp-app"
      onPointerEnter={actions.warmUp}
      onPointerDown={actions.warmUp}
      onFocusCapture={actions.warmUp}
    >
      {screen(scene)}
      <p class="bp-announcement" role="status">
        <Text text={announcement(scene)} />
      </p>
    </div>
  );
}

function screen(scene: AppProps["scene"]) {
  const { state, t, actions, now, later } = scene;
  switch (state.name) {
    case "idle":
    case "closed":
      return <Blocks key={`${state.name}${state.elsewhere}`} scene={scene} />;
    case "calling": {
      if (later === null) {
        break;
      }
      const blocks = blocksOf(scene);
      return (
        <>
          <later.Calling key={state.name} state={state} t={t} actions={actions} now={now} />
          {blocks.length > 0 && (
            <aside class="bp-screen">
              <List blocks={blocks} scene={scene} />
            </aside>
          )}
        </>
      );
    }
  }
  return later === null ? plain(state, t, actions) : <Blocks key={state.name} scene={scene} />;
}

/** What can be said and done while the rest of the widget is on its way, or can't be loaded. */
function plain(state: CallState, t: Texts, actions: Actions) {
  const failed = state.name === "error";
  return (
    <Screen name="plain" title={failed ? t.error.title : t.phases.connecting}>
      {failed && <Text as="p" class="bp-text" text={state.message} />}
      <button
        type="button"
        class="bp-button bp-quiet"
        onClick={() => (failed ? actions.retry() : actions.hangUp())}
      >
        <Text text={failed ? t.error.retry : t.calling.cancel} />
      </button>
    </Screen>
  );
}

/** What a screen reader says when the state changes; the heading is read with the focus. */
function announcement(scene: AppProps["scene"]): string {
  const { state, t, later } = scene;
  switch (state.name) {
    case "idle":
      return "";
    case "calling":
      return [
        later?.titleOf(state, t) ?? t.phases[state.phase],
        ...(state.soundBlocked ? [t.calling.hear] : []),
        ...(state.muted ? [t.calling.muted] : []),
        ...(state.listening ? [t.calling.listening] : []),
        ...state.warnings.map((warning) => t.warnings[warning]),
      ].join(". ");
    case "ended":
      return `${titleOf(scene)}. ${t.ended.duration(clockTime(state.seconds))}`;
    case "error":
      return `${titleOf(scene)}. ${later?.explain(state, t) ?? state.message}`;
    default:
      return titleOf(scene);
  }
}
