/** How an endpoint checks what it gets, in six languages. */

import { lazy, Suspense } from "react";

import { t } from "../../texts/index.ts";
import { Section } from "../../ui/Section.tsx";
import { Loading } from "../../ui/states.tsx";

const Receivers = lazy(() => import("./Receivers.tsx"));

export function Verify() {
  return (
    <Section title={t.integrations.tabs.verify}>
      <Suspense fallback={<Loading />}>
        <Receivers />
      </Suspense>
    </Section>
  );
}
