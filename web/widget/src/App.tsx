/** Shows the state there is, says it to screen readers, and moves the focus along. */

import type { WidgetConfig } from "@bellpush/protocol";
import { useEffect, useRef } from "preact/hooks";
import type { Actions } from "./actions.ts";
import type { Texts } from "./i18n/index.ts";
import { Calling } from "./screens/Calling.tsx";
import { Closed } from "./screens/Closed.tsx";
import { Ended } from "./screens/Ended.tsx";
import { Failed } from "./screens/Failed.tsx";
import { Idle } from "./screens/Idle.tsx";
import { Submitted } from "./screens/Submitted.tsx";
import { Survey } from "./screens/Survey.tsx";
import type { CallState } from "./state.ts";
import { CustomButtons } from "./ui/CustomButtons.tsx";
import { clockTime } from "./ui/time.ts";

export interface AppProps {
  readonly state: CallState;
  readonly config: Pick<WidgetConfig, "survey" | "customButtons">;
  readonly t: Texts;
  readonly actions: Actions;
  readonly now: () => number;
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
        {announcement(state, t)}
      </p>
    </div>
  );
}

function screen({ state, config, t, actions, now, opensAt }: AppProps) {
  switch (state.name) {
    case "idle":
      return <Idle key={state.name} t={t} actions={actions} />;
    case "closed":
      return <Closed key={state.name} t={t} opensAt={opensAt()} now={now()} />;
    case "calling":
      return <Calling key={state.name} state={state} t={t} actions={actions} now={now} />;
    case "ended":
      return <Ended key={state.name} state={state} t={t} actions={actions} />;
    case "survey":
      return (
        config.survey && (
          <Survey
            key={state.name}
            survey={config.survey}
            seconds={state.seconds}
            t={t}
            actions={actions}
          />
        )
      );
    case "survey_submitted":
      return <Submitted key={state.name} t={t} actions={actions} />;
    case "error":
      return <Failed key={state.name} state={state} t={t} actions={actions} />;
  }
}

/** What a screen reader says when the state changes; the heading is read with the focus. */
function announcement(state: CallState, t: Texts): string {
  switch (state.name) {
    case "idle":
      return "";
    case "closed":
      return t.closed.title;
    case "calling":
      return state.leaving ? t.calling.leaving : t.phases[state.phase];
    case "ended":
      return `${t.ended.title}. ${t.ended.duration(clockTime(state.seconds))}`;
    case "survey":
      return t.survey.title;
    case "survey_submitted":
      return t.submitted.title;
    case "error":
      return `${t.error.title}. ${t.error.messages[state.code] ?? state.message}`;
  }
}
