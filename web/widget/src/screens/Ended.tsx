import type { Actions } from "../actions.ts";
import type { Texts } from "../i18n/index.ts";
import type { CallState } from "../state.ts";
import { Icon } from "../ui/Icon.tsx";
import { Emblem, Screen } from "../ui/Screen.tsx";
import { Text } from "../ui/Text.tsx";
import { clockTime } from "../ui/time.ts";

export interface EndedProps {
  readonly state: CallState & { name: "ended" };
  readonly t: Texts;
  readonly actions: Actions;
}

export function Ended({ state, t, actions }: EndedProps) {
  return (
    <Screen name="ended" title={t.ended.title} emblem={<Emblem icon="check" tone="accent" />}>
      <Text
        as="p"
        class="bp-text"
        text={`${t.ended.thanks} ${t.ended.duration(clockTime(state.seconds))}`}
      />
      <button type="button" class="bp-button bp-primary" onClick={actions.startOver}>
        <Icon name="phone" />
        <Text text={t.ended.again} />
      </button>
    </Screen>
  );
}
