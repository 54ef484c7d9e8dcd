import type { Actions } from "../actions.ts";
import type { Texts } from "../i18n/index.ts";
import { Icon } from "../ui/Icon.tsx";
import { Emblem, Screen } from "../ui/Screen.tsx";

export function Idle({ t, actions }: { readonly t: Texts; readonly actions: Actions }) {
  return (
    <Screen name="idle" title={t.idle.title} emblem={<Emblem icon="phone" tone="accent" />}>
      <p class="bp-text">{t.idle.text}</p>
      <button type="button" class="bp-button bp-primary bp-call" onClick={actions.tap}>
        <Icon name="phone" />
        {t.idle.call}
      </button>
      <p class="bp-hint">{t.idle.hint}</p>
    </Screen>
  );
}
