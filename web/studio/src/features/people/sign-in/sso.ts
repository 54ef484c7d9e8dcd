/** Single sign-on, by the team's own provider. */

import { serverUrl } from "../../../api/client.ts";

/** The provider's page, and then back to where one is now. */
export function ssoAddress(url: string): string {
  const address = new URL(url.replace(/^\//, ""), serverUrl);
  address.searchParams.set("returnTo", location.pathname + location.search + location.hash);
  return address.href;
}
