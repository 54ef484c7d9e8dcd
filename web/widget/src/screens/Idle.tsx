import type { Actions } from "../actions.ts";
import type { Texts } from "../i18n/index.ts";
import type { Idle as IdleState } from "../state.ts";
import { Icon } from "../ui/Icon.tsx";
import { Emblem, Screen } from "../ui/Screen.tsx";
import { Text } from "../ui/Text.tsx";

export interface IdleProps {
  readonly state: IdleState;
  readonly t: Texts;
  readonly actions: Actions;
}

export function Idle({ state, t, actions }: IdleProps) {
  const texts = state.elsewhere ? t.elsewhere : t.idle;
  return (
    <Screen name="idle" title={texts.title} emblem={<Emblem icon="phone" tone="accent" />}>
      <Text as="p" class="bp-text" text={texts.text} />
      <button
        key={state.elsewhere ? "bring" : "call"}
        type="button"
        class="bp-button bp-primary bp-call"
        onClick={actions.tap}
      >
        <Icon name="phone" />
        <Text text={texts.call} />
      </button>
      {!state.elsewhere && <Text as="p" class="bp-hint" text={t.idle.hint} />}
    </Screen>
  );
}
