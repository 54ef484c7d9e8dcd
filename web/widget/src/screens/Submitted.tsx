import type { Actions } from "../actions.ts";
import type { Texts } from "../i18n/index.ts";
import { Emblem, Screen } from "../ui/Screen.tsx";

export function Submitted({ t, actions }: { readonly t: Texts; readonly actions: Actions }) {
  return (
    <Screen
      name="submitted"
      title={t.submitted.title}
      emblem={<Emblem icon="check" tone="accent" />}
    >
      <p class="bp-text">{t.submitted.text}</p>
      <button type="button" class="bp-button bp-primary" onClick={actions.startOver}>
        {t.submitted.again}
      </button>
    </Screen>
  );
}
