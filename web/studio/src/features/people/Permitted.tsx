/** A button that is there for all, and says why it does nothing for some. */

import { Tooltip } from "@mantine/core";
import { cloneElement, type ReactElement } from "react";

import { t } from "../../texts/index.ts";
import { may, useMe } from "./queries.ts";

interface PermittedProps {
  readonly scope: string;
  readonly appId?: string;
  readonly children: ReactElement<{
    disabled?: boolean;
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

export function Permitted({ scope, appId, children }: PermittedProps) {
  const why = useForbidden(scope, appId);
  if (why === null) return children;
  return (
    <Tooltip label={why}>
      {/* Not `disabled`: then neither keys nor a pointer would reach the reason. */}
      {cloneElement(children, { "data-disabled": true, onClick: prevent })}
    </Tooltip>
  );
}

const prevent = (event: React.MouseEvent) => event.preventDefault();
