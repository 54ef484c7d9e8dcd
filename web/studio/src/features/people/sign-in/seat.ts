/** Signing out: nothing of what was seen or typed stays in the browser. */

import { signedOut } from "../../../api/auth.ts";
import { client, queryClient } from "../../../api/client.ts";
import { asProblem } from "../../../api/problem.ts";
import { dropAllDrafts } from "../../../editor/drafts.ts";
import { failed } from "../../../ui/notify.ts";

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
  dropAllDrafts();
  signedOut();
  queryClient.clear();
}
