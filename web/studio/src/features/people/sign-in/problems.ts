/** Why single sign-on let nobody in, by the server's word for it in the address. */
export const SIGN_IN_PROBLEMS = [
  "sso-not-set-up",
  "sso-unreachable",
  "sso-refused",
  "sso-interrupted",
  "sso-untrusted",
  "sso-clocks",
  "sso-email-unverified",
  "sso-domain",
  "sso-no-role",
  "sso-no-member",
  "unavailable",
] as const;
