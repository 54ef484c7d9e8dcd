/** Signing out: nothing of what was seen or typed stays in the browser. */

import { signedOut } from "../../../api/auth.ts";
import { client, queryClient } from "../../../api/client.ts";
import { dropAllDrafts } from "../../../editor/drafts.ts";
import { failed } from "../../../ui/notify.ts";

export async function signOut(): Promise<void> {
  try {
    await client.POST("/v1/sign-out");
  } catch (error) {
    return failed(error);
  }
  dropAllDrafts();
  signedOut();
  queryClient.clear();
}
