/** A link that was refused, or that could not be asked about: then it may be as good as it was. */

import type { ReactNode } from "react";

import { isFinal } from "../../../api/client.ts";
import { t } from "../../../texts/index.ts";
import { Failed } from "../../../ui/states.tsx";
import { Gate } from "./Gate.tsx";

interface DeadLinkProps {
  readonly check: { readonly error: unknown; readonly refetch: () => unknown };
  /** What is shown of one that is dead. */
  readonly children: ReactNode;
}

export function DeadLink({ check, children }: DeadLinkProps) {
  if (isFinal(check.error)) return children;
  return (
    <Gate title={t.people.unknownLink}>
      <Failed error={check.error} retry={() => void check.refetch()} />
    </Gate>
  );
}
