/**
 * A real provider of single sign-on, as a process of its own, so that its clock can be another one: run by
 * `node provider.mjs PORT CALLBACK`. Everybody gets in by any password; the name they give is their account.
 */

import Provider from "oidc-provider";

const [, , port, callback] = process.argv;

const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: "studio",
      client_secret: "studio-secret-of-the-tests",
      redirect_uris: [callback],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  claims: {
    openid: ["sub"],
    email: ["email", "email_verified"],
    profile: ["name", "groups"],
  },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      email_verified: !id.startsWith("unverified"),
      name: `${id} of the provider`,
      groups: id.startsWith("ops") ? ["ops", "all"] : ["all"],
    }),
  }),
  features: { devInteractions: { enabled: true } },
  pkce: { required: () => true },
  cookies: { keys: ["of the tests"] },
});

provider.listen(Number(port), () => process.stdout.write("ready\n"));
