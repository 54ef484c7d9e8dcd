/** The frame of what is the widget's own: a heading, and what the state shows. */

import type { ComponentChildren } from "preact";
import { Text } from "./Text.tsx";

export interface ScreenProps {
  readonly name: string;
  readonly title: string;
  readonly children: ComponentChildren;
}

export function Screen({ name, title, children }: ScreenProps) {
  return (
    <main class={`bp-screen bp-${name}`}>
      <h1 tabIndex={-1}>
        <Text text={title} />
      </h1>
      {children}
    </main>
  );
}
