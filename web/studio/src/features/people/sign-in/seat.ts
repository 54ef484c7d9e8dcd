/** Who sits here. Nothing of what somebody saw or typed stays in the browser for the next one. */

import { signedIn, signedOut } from "../../../api/auth.ts";
import { client, queryClient, refreshAll } from "../../../api/client.ts";
import { asProblem } from "../../../api/problem.ts";
import { dropAllDrafts, keepDraftsOf } from "../../../editor/drafts.ts";
import { failed } from "../../../ui/notify.ts";

let present: string | null = null;

/** After a sign-in that was proved: who it was is asked before anything goes on. */
export async function enter(): Promise<void> {
  const { data: me } = await client.GET("/v1/me");
  if (me !== undefined && seat(me.id)) await refreshAll();
}

/** Somebody sits here; false: it is another one than before, who gets a page of their own. */
export function seat(person: string): boolean {
  if (present !== null && present !== person) {
    leave();
    location.reload();
    return false;
  }
  present = person;
  keepDraftsOf(person);
  signedIn();
  return true;
}

export async function signOut(): Promise<void> {
  try {
    await client.POST("/v1/sign-out");
  } catch (error) {
    // Who was signed out already wants to leave nothing behind all the same.
    if (asProblem(error).status !== 401) return failed(error);
  }
  leave();
}

/** Nobody is signed in here any more. */
export function leave(): void {
  present = null;
  dropAllDrafts();
  signedOut();
  queryClient.clear();
}
