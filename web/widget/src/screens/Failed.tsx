import type { Actions } from "../actions.ts";
import type { Texts } from "../i18n/index.ts";
import type { CallState } from "../state.ts";
import { Emblem, Screen } from "../ui/Screen.tsx";

export interface FailedProps {
  readonly state: CallState & { name: "error" };
  readonly t: Texts;
  readonly actions: Actions;
}

export function Failed({ state, t, actions }: FailedProps) {
  return (
    <Screen name="error" title={t.error.title} emblem={<Emblem icon="alert" tone="alert" />}>
      <p class="bp-text">{t.error.messages[state.code] ?? state.message}</p>
      <button type="button" class="bp-button bp-primary" onClick={actions.retry}>
        {state.code === "session_expired" ? t.error.reload : t.error.retry}
      </button>
    </Screen>
  );
}
