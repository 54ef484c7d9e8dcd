/** What somebody may do, and where; read and changed without overwriting what others do. */

import { client } from "../../api/client.ts";
import type { MemberView, Role } from "../../api/generated/schema.ts";
import { asProblem } from "../../api/problem.ts";
import { changed, isSame } from "../../editor/merge.ts";
import type { Versioned } from "../../editor/useEditor.ts";
import { versioned } from "../../editor/versioned.ts";

export interface Grant {
  readonly role: Role;
  /** Empty: all. */
  readonly apps: readonly string[];
}

export const grantOf = ({ role, apps }: MemberView): Grant => ({ role, apps: apps ?? [] });

const listed = (apps: readonly string[]) => (apps.length === 0 ? null : [...apps]);

/** As the API takes it. */
export const grantBody = ({ role, apps }: Grant) => ({ role, apps: listed(apps) });

const PATH = "/v1/members/{memberId}";

/** Changes a member's grant, or says what others have made of it since `base` was read. */
export async function changeGrant(
  memberId: string,
  base: Grant,
  grant: Grant,
): Promise<Grant | null> {
  const path = { memberId };
  const read = (): Promise<Versioned<Grant>> =>
    versioned(client.GET(PATH, { params: { path } }), grantOf);
  const present = await read();
  if (!isSame(present.value, base)) return present.value;
  const { apps, ...rest } = changed(base, grant);
  const headers = { "If-Match": present.version ?? "*" };
  try {
    await client.PATCH(PATH, {
      params: { path },
      body: apps === undefined ? rest : { ...rest, apps: listed(apps) },
      headers,
    });
    return null;
  } catch (caught) {
    if (asProblem(caught).status !== 412) throw caught;
    return (await read()).value;
  }
}
