/** A button that is there for all, and says why it does nothing for some. */

import { Tooltip } from "@mantine/core";
import { cloneElement, type ReactElement } from "react";

import { t } from "../../texts/index.ts";
import { may, useMe } from "./queries.ts";

interface PermittedProps {
  readonly scope: string;
  readonly appId?: string;
  /** What it does, for who may; nothing where it has words of its own. */
  readonly label?: string;
  readonly children: ReactElement<{
    disabled?: boolean;
    "aria-disabled"?: boolean;
    "data-disabled"?: boolean;
    onClick?: unknown;
  }>;
}

/** Why somebody may not do what a scope names; null: they may. */
export function useForbidden(scope: string, appId?: string): string | null {
  const me = useMe().data;
  if (me === undefined || may(me, scope, appId)) return null;
  return t.people.forbidden(me.role == null ? me.name : t.people.roles[me.role][0], scope);
}

export function Permitted({ scope, appId, label, children }: PermittedProps) {
  const why = useForbidden(scope, appId);
  if (why === null) {
    return label === undefined ? children : <Tooltip label={label}>{children}</Tooltip>;
  }
  return (
    <Tooltip label={why} events={REACHED}>
      {/* Not `disabled`: then neither keys nor a pointer would reach the reason. */}
      {cloneElement(children, { "aria-disabled": true, "data-disabled": true, onClick: prevent })}
    </Tooltip>
  );
}

/** The reason is for those with keys or a finger as well. */
const REACHED = { hover: true, focus: true, touch: true };

const prevent = (event: React.MouseEvent) => event.preventDefault();
