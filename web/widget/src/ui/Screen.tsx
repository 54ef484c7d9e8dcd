/** The frame of every state: an emblem, a heading, and what the state shows. */

import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./Icon.tsx";
import { Text } from "./Text.tsx";

export interface ScreenProps {
  readonly name: string;
  readonly title: string;
  readonly emblem?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Screen({ name, title, emblem, children }: ScreenProps) {
  return (
    <main class={`bp-screen bp-${name}`}>
      {emblem}
      <h1 tabIndex={-1}>
        <Text text={title} />
      </h1>
      {children}
    </main>
  );
}

export interface EmblemProps {
  readonly icon: IconName;
  readonly tone: "accent" | "calm" | "alert";
}

export function Emblem({ icon, tone }: EmblemProps) {
  return (
    <div class={`bp-emblem bp-tone-${tone}`}>
      <Icon name={icon} />
    </div>
  );
}
