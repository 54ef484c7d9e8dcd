import { spokenMoment } from "../hours.ts";
import type { Texts } from "../i18n/index.ts";
import { Icon } from "../ui/Icon.tsx";
import { Emblem, Screen } from "../ui/Screen.tsx";
import { Text } from "../ui/Text.tsx";

export interface ClosedProps {
  readonly t: Texts;
  readonly opensAt: number | null;
  readonly now: number;
}

export function Closed({ t, opensAt, now }: ClosedProps) {
  return (
    <Screen name="closed" title={t.closed.title} emblem={<Emblem icon="moon" tone="calm" />}>
      <Text
        as="p"
        class="bp-text"
        text={
          opensAt === null ? t.closed.text : t.closed.opens(spokenMoment(opensAt, now, t.language))
        }
      />
      <button type="button" class="bp-button bp-primary bp-call" disabled>
        <Icon name="phone" />
        <Text text={t.closed.call} />
      </button>
    </Screen>
  );
}
