import type { Actions } from "../actions.ts";
import type { Texts } from "../i18n/index.ts";
import { Emblem, Screen } from "../ui/Screen.tsx";
import { Text } from "../ui/Text.tsx";

export function Submitted({ t, actions }: { readonly t: Texts; readonly actions: Actions }) {
  return (
    <Screen
      name="submitted"
      title={t.submitted.title}
      emblem={<Emblem icon="check" tone="accent" />}
    >
      <Text as="p" class="bp-text" text={t.submitted.text} />
      <button type="button" class="bp-button bp-primary" onClick={actions.startOver}>
        <Text text={t.submitted.again} />
      </button>
    </Screen>
  );
}
