/** What the audit trail keeps in its address. */

import { kept, type Search, text } from "../../search.ts";

export interface AuditSearch {
  readonly action?: string;
  readonly appId?: string;
  readonly actorId?: string;
  readonly subjectId?: string;
  readonly from?: string;
  readonly to?: string;
}

export const auditSearch = ({ action, appId, actorId, subjectId, from, to }: Search): AuditSearch =>
  kept({
    action: text(action),
    appId: text(appId),
    actorId: text(actorId),
    subjectId: text(subjectId),
    from: text(from),
    to: text(to),
  });
