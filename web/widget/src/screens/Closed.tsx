import type { Texts } from "../i18n/index.ts";
import { Icon } from "../ui/Icon.tsx";
import { Emblem, Screen } from "../ui/Screen.tsx";

export function Closed({ t }: { readonly t: Texts }) {
  return (
    <Screen name="closed" title={t.closed.title} emblem={<Emblem icon="moon" tone="calm" />}>
      <p class="bp-text">{t.closed.text}</p>
      <button type="button" class="bp-button bp-primary bp-call" disabled>
        <Icon name="phone" />
        {t.closed.call}
      </button>
    </Screen>
  );
}
