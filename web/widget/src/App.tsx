/** Shows the state there is, says it to screen readers, and moves the focus along. */

import type { WidgetConfig } from "@bellpush/protocol";
import { useEffect, useRef } from "preact/hooks";
import type { Actions } from "./actions.ts";
import type { Texts } from "./i18n/index.ts";
import type { Parts } from "./parts.ts";
import { Closed } from "./screens/Closed.tsx";
import { Idle } from "./screens/Idle.tsx";
import type { CallState } from "./state.ts";
import { CustomButtons } from "./ui/CustomButtons.tsx";
import { Lazy } from "./ui/Lazy.tsx";
import { Screen } from "./ui/Screen.tsx";
import { Text } from "./ui/Text.tsx";
import { clockTime } from "./ui/time.ts";

export interface AppProps {
  readonly state: CallState;
  /** null until they are loaded. */
  readonly parts: Parts | null;
  readonly config: Pick<WidgetConfig, "survey" | "customButtons">;
  readonly t: Texts;
  readonly actions: Actions;
  /** Milliseconds, by a clock that only goes forward. */
  readonly now: () => number;
  /** Milliseconds since the Unix epoch. */
  readonly epoch: () => number;
  readonly opensAt: () => number | null;
}

export function App(props: AppProps) {
  const { state, config, t, actions } = props;
  const root = useRef<HTMLDivElement>(null);
  const shown = useRef(state.name);
  useEffect(() => {
    // The focus follows a change of state, but is never taken away from the page around.
    if (shown.current !== state.name && document.hasFocus()) {
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
      {screen(props)}
      <CustomButtons
        buttons={config.customButtons}
        state={state.name}
        t={t}
        onPress={actions.press}
      />
      <p class="bp-announcement" role="status">
        <Text text={announcement(props)} />
      </p>
    </div>
  );
}

function screen(props: AppProps) {
  const { state, config, t, actions, epoch, opensAt } = props;
  switch (state.name) {
    case "idle":
      return <Idle key={state.name} state={state} t={t} actions={actions} />;
    case "closed":
      return state.elsewhere ? (
        <Idle key="elsewhere" state={{ ...state, name: "idle" }} t={t} actions={actions} />
      ) : (
        <Closed key={state.name} t={t} opensAt={opensAt()} now={epoch()} />
      );
    case "survey": {
      const { survey } = config;
      return (
        survey && (
          <Lazy
            key={state.name}
            load={() => import("./screens/Survey.tsx")}
            render={({ Survey }) => (
              <Survey survey={survey} seconds={state.seconds} t={t} actions={actions} />
            )}
          />
        )
      );
    }
    case "calling":
    case "ended":
    case "survey_submitted":
    case "error":
      return props.parts === null ? plain(state, t, actions) : later(state, props, props.parts);
  }
}

/** The states that come after a tap. */
type Later = Extract<CallState, { name: "calling" | "ended" | "survey_submitted" | "error" }>;

function later(state: Later, { t, actions, now }: AppProps, parts: Parts) {
  const { Calling, Ended, Submitted, Failed } = parts;
  switch (state.name) {
    case "calling":
      return <Calling key={state.name} state={state} t={t} actions={actions} now={now} />;
    case "ended":
      return <Ended key={state.name} state={state} t={t} actions={actions} />;
    case "survey_submitted":
      return <Submitted key={state.name} t={t} actions={actions} />;
    case "error":
      return <Failed key={state.name} state={state} t={t} actions={actions} />;
  }
}

/** What can be said and done while the rest of the widget is on its way, or can't be loaded. */
function plain(state: Later, t: Texts, actions: Actions) {
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
function announcement({ state, parts, t }: AppProps): string {
  switch (state.name) {
    case "idle":
      return "";
    case "closed":
      return t.closed.title;
    case "calling":
      return [
        parts?.titleOf(state, t) ?? t.phases[state.phase],
        ...(state.muted ? [t.calling.muted] : []),
        ...(state.listening ? [t.calling.listening] : []),
        ...state.warnings.map((warning) => t.warnings[warning]),
      ].join(". ");
    case "ended":
      return `${t.ended.title}. ${t.ended.duration(clockTime(state.seconds))}`;
    case "survey":
      return t.survey.title;
    case "survey_submitted":
      return t.submitted.title;
    case "error":
      return `${t.error.title}. ${parts?.explain(state, t) ?? state.message}`;
  }
}
